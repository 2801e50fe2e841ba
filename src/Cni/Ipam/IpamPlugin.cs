using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.Cni.Configuration;
using Dataplane.Cni.Results;

namespace Dataplane.Cni.Ipam;

/// <summary>The plugin that gives addresses, as it is delegated to.</summary>
internal sealed class IpamPlugin(NetworkConfiguration configuration, CniEnvironment environment, IProgramRunner programs)
{
    // The last version whose form of results is that of 1.1, for IPAM plugins that are older than the runtime.
    private static readonly CniVersion Older = CniVersion.V1_0_0;

    private string? _path;

    /// <summary>ADD: addresses for the container.</summary>
    /// <param name="ranges">See <see cref="IpamConfiguration.Complete"/>.</param>
    /// <exception cref="CniException">It is not there, or gave none; it holds nothing for the container then.</exception>
    public Attachment Add(JsonArray? ranges)
    {
        string output = Run("ADD", ranges, []);
        try
        {
            if (JsonNode.Parse(output) is JsonObject result)
            {
                var addresses = AttachmentReader.Read(result, "result");
                return addresses.Addresses.Count > 0 ? addresses : throw Failure("ADD", "gave no address");
            }
        }
        catch (JsonException e)
        {
            throw Failure("ADD", $"answered with something that is no JSON: {e.Message}", e);
        }
        catch (CniException e) when (e.Code == CniErrorCode.InvalidConfiguration)
        {
            throw Failure("ADD", e.Message, e); // its fault, not the configuration's
        }
        throw Failure("ADD", "answered with something that is no JSON object");
    }

    /// <summary>DEL: what the container of this call held is free again.</summary>
    /// <exception cref="CniException">It is not there, or failed.</exception>
    public void Del() => Run("DEL", ranges: null, []);

    /// <summary>DEL for another container than that of the call.</summary>
    /// <exception cref="CniException">It is not there, or failed.</exception>
    public void Del(string containerId, string interfaceName) =>
        Run("DEL", ranges: null, [new("CNI_CONTAINERID", containerId), new("CNI_IFNAME", interfaceName), new("CNI_NETNS", ""), new("CNI_ARGS", "")]);

    /// <summary>CHECK: it still holds something for the container.</summary>
    /// <exception cref="CniException">It does not, or it is not there.</exception>
    public void Check() => Run("CHECK", ranges: null, []);

    /// <summary>STATUS: it is there, and has nothing to say against an ADD.</summary>
    /// <exception cref="CniException">It is not there, or has.</exception>
    public void Status() => RunIfKnown("STATUS");

    /// <summary>GC: what no valid attachment holds is free again.</summary>
    /// <exception cref="CniException">It is not there, or failed.</exception>
    public void CollectGarbage() => RunIfKnown("GC");

    // Plugins from before version 1.1 of the specification do not know these commands, and need not. They object to the version, the
    // command, or that no container is named.
    private void RunIfKnown(string command)
    {
        var (exitCode, output) = RunOnce(command, configuration.Version, ranges: null, []);
        if (exitCode == 0) return;
        var error = ReadError(command, exitCode, output);
        if (error.Code is not (CniErrorCode.IncompatibleVersion or CniErrorCode.InvalidEnvironment or CniErrorCode.UnknownContainer)) throw error;
    }

    private string Run(string command, JsonArray? ranges, IReadOnlyList<KeyValuePair<string, string>> changed)
    {
        var (exitCode, output) = RunOnce(command, configuration.Version, ranges, changed);
        if (exitCode == 0) return output;
        var error = ReadError(command, exitCode, output);
        if (error.Code != CniErrorCode.IncompatibleVersion || !configuration.Version.IsAtLeast(CniVersion.V1_1_0)) throw error;
        (exitCode, output) = RunOnce(command, Older, ranges, changed);
        return exitCode == 0 ? output : throw ReadError(command, exitCode, output);
    }

    private (int ExitCode, string Output) RunOnce(string command, CniVersion version, JsonArray? ranges, IReadOnlyList<KeyValuePair<string, string>> changed)
    {
        string input = configuration.Ipam.Complete(configuration.Json, version, (JsonArray?)ranges?.DeepClone()).ToJsonString();
        // host-local does not know the pod's name, which we need: callers that are no kubelet may not think of it.
        var arguments = new KeyValuePair<string, string>("CNI_ARGS", PodArguments.IgnoringUnknown(environment.Arguments));
        return programs.Run(_path ??= Find(), input, [arguments, .. changed, new("CNI_COMMAND", command)]);
    }

    private string Find()
    {
        foreach (string folder in environment.PluginFolders)
        {
            string path = Path.Combine(folder, configuration.Ipam.Type);
            if (File.Exists(path)) return path;
        }
        throw new CniException(
            CniErrorCode.InvalidConfiguration, $"ipam.type=\"{configuration.Ipam.Type}\": no such plugin in CNI_PATH={string.Join(':', environment.PluginFolders)}",
            "Install the standard CNI plugins, or correct the name.");
    }

    // Its own words and code, or what is to be said when it has none.
    private CniException ReadError(string command, int exitCode, string output)
    {
        try
        {
            if (JsonNode.Parse(output) is JsonObject error && error.Number("code") is { } code and > 0)
                return new CniException((CniErrorCode)code, $"{configuration.Ipam.Type}: {error.Text("msg") ?? ""}", error.Text("details") ?? "");
        }
        catch (Exception e) when (e is JsonException or CniException)
        {
            // said below
        }
        return Failure(command, $"ended with code {exitCode} and the output '{output.Trim()}'");
    }

    private CniException Failure(string command, string what, Exception? cause = null) =>
        new(CniErrorCode.Failed, $"{configuration.Ipam.Type}: {command} {what}", "", cause);
}
