using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.Cni.Commands;
using Dataplane.Cni.Configuration;
using Dataplane.Cni.Ipam;

namespace Dataplane.Cni;

/// <summary>One call of the plugin: from environment and standard input to a document and an exit code.</summary>
internal static class CniPlugin
{
    private const int Success = 0, Failure = 1;

    // Of a key that is there twice other plugins might take the other value.
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Runs it. Never throws: failures are a document on standard output and the exit code 1.</summary>
    public static int Run(CniHost host)
    {
        var version = CniVersion.Newest;
        try
        {
            var environment = CniEnvironment.Read(host.Variable);
            if (environment.Command == CniCommand.Version)
            {
                Print(host, json => VersionCommand.Write(json, ReadVersion(host)));
                return Success;
            }
            var input = ReadInput(host);
            version = FindVersion(input);
            RequireKnown(environment.Command, version);
            var configuration = NetworkConfiguration.Read(input, version);
            using var dataplane = new DataplaneConnection(host.Connect, configuration.Control);
            var call = new CniCall(environment, configuration, dataplane, new IpamPlugin(configuration, environment, host.Programs), host);
            Run(environment.Command, call);
            return Success;
        }
        catch (CniException e)
        {
            return Report(host, version, e);
        }
        catch (Exception e)
        {
            host.Error.WriteLine(e); // a bug: whoever looks for it needs the whole of it
            return Report(host, version, new CniException(CniErrorCode.Failed, $"{e.GetType().Name}: {e.Message}"));
        }
    }

    /// <summary>Writes one document to standard output.</summary>
    /// <exception cref="CniException">Code 5: nobody reads it.</exception>
    public static void Print(CniHost host, Action<Utf8JsonWriter> document)
    {
        try
        {
            using (var json = new Utf8JsonWriter(host.Output, new JsonWriterOptions { Indented = true })) document(json);
            host.Output.Write("\n"u8);
            host.Output.Flush();
        }
        catch (IOException e)
        {
            throw new CniException(CniErrorCode.IoFailure, $"standard output: {e.Message}", "", e);
        }
    }

    private static void Run(CniCommand command, CniCall call)
    {
        switch (command)
        {
            case CniCommand.Add: AddCommand.Run(call); break;
            case CniCommand.Del: DelCommand.Run(call); break;
            case CniCommand.Check: CheckCommand.Run(call); break;
            case CniCommand.Status: StatusCommand.Run(call); break;
            case CniCommand.Gc: GcCommand.Run(call); break;
        }
    }

    private static JsonObject ReadInput(CniHost host)
    {
        try
        {
            using var bytes = new MemoryStream();
            host.Input.CopyTo(bytes);
            return JsonNode.Parse(bytes.GetBuffer().AsSpan(0, (int)bytes.Length), documentOptions: Strict) as JsonObject
                ?? throw new CniException(CniErrorCode.DecodingFailure, "standard input: the network configuration is no JSON object");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CniException(CniErrorCode.IoFailure, $"standard input: {e.Message}", "", e);
        }
        catch (JsonException e)
        {
            throw new CniException(CniErrorCode.DecodingFailure, $"standard input: the network configuration is no JSON: {e.Message}", "", e);
        }
    }

    // VERSION is answered whatever comes; before 1.0 runtimes send nothing.
    private static CniVersion ReadVersion(CniHost host)
    {
        try
        {
            return FindVersion(ReadInput(host));
        }
        catch (CniException)
        {
            return CniVersion.Newest;
        }
    }

    private static CniVersion FindVersion(JsonObject input)
    {
        string? text = input.Text("cniVersion");
        return CniVersion.Find(text) ?? throw new CniException(
            CniErrorCode.IncompatibleVersion, $"cniVersion={(text is null ? "(missing, which means 0.1.0)" : $"\"{text}\"")}: not supported",
            $"Supported are {string.Join(", ", CniVersion.All)}.");
    }

    private static void RequireKnown(CniCommand command, CniVersion version)
    {
        var first = command switch
        {
            CniCommand.Check => CniVersion.V0_4_0,
            CniCommand.Status or CniCommand.Gc => CniVersion.V1_1_0,
            _ => CniVersion.V0_3_0,
        };
        if (!version.IsAtLeast(first))
            throw new CniException(CniErrorCode.IncompatibleVersion, $"cniVersion=\"{version}\": has no {command.ToString().ToUpperInvariant()}, which came with {first}");
    }

    private static int Report(CniHost host, CniVersion version, CniException failure)
    {
        try
        {
            Print(host, json => CniErrorWriter.Write(json, version, failure));
        }
        catch (CniException e)
        {
            host.Error.WriteLine($"dataplane-cni: {failure.Message}; and {e.Message}");
        }
        return Failure;
    }
}
