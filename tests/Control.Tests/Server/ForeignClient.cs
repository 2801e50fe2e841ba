using Dataplane.Testing;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Dataplane.Control.Tests.Server;

/// <summary>gRPC clients of other makers. Each is a script that performs one named case and prints what it saw.</summary>
internal static class ForeignClient
{
    // Pinned: a test must not change its meaning from one day to the next.
    private const string GrpcJsPackage = "@grpc/grpc-js@1.14.1";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly string Scripts = Path.Combine(Repository.Root, "tests", "Control.Tests", "Server", "Clients");
    private static readonly string NodeDirectory = Path.Combine(Repository.Root, "artifacts", "grpc-js");

    /// <summary>Why grpcio cannot be used here; null when it can.</summary>
    public static string? MissingPython { get; } = Try(
        "needs Debian's python3-grpcio and python3-protobuf", "/usr/bin/python3", "-c", "import grpc, google.protobuf");

    /// <summary>Why grpc-js cannot be used here; null when it can. Fetches it into artifacts/ the first time.</summary>
    public static string? MissingNode { get; } = FindMissingNode();

    /// <summary>Runs one case of client.py (grpcio, the C core).</summary>
    public static string RunPython(string address, string directory, string scenario)
    {
        string descriptors = Path.Combine(directory, "control.binpb");
        File.WriteAllBytes(descriptors, Descriptors().ToByteArray());
        return Command.Run(Patience, "/usr/bin/python3", Path.Combine(Scripts, "client.py"), address, descriptors, scenario).Output.TrimEnd();
    }

    /// <summary>Runs one case of client.js (grpc-js, in JavaScript throughout).</summary>
    public static string RunNode(string address, string scenario)
    {
        string protos = Path.Combine(Repository.Root, "src", "Control.Contracts", "Protos");
        // A script finds packages beside itself, so it is copied to where they are.
        string script = Path.Combine(NodeDirectory, $"client-{Environment.ProcessId}-{scenario}.js");
        File.Copy(Path.Combine(Scripts, "client.js"), script, overwrite: true);
        try
        {
            return Command.Run(Patience, "node", script, address, protos, scenario).Output.TrimEnd();
        }
        finally
        {
            File.Delete(script);
        }
    }

    private static FileDescriptorSet Descriptors()
    {
        var set = new FileDescriptorSet();
        foreach (var file in (FileDescriptor[])[
            Contracts.V1.StateReflection.Descriptor, Contracts.V1.TablesReflection.Descriptor, Contracts.V1.FlowsReflection.Descriptor,
            Contracts.V1.ControlReflection.Descriptor])
            set.File.Add(file.ToProto());
        return set;
    }

    private static string? FindMissingNode()
    {
        if (Try("needs node and npm", "npm", "--version") is { } missing)
            return missing;
        // npm writes this file last.
        string installed = Path.Combine(NodeDirectory, "node_modules", ".package-lock.json");
        if (File.Exists(installed))
            return null;
        Directory.CreateDirectory(NodeDirectory);
        return Try(
            $"npm cannot fetch {GrpcJsPackage}", "npm", "install", "--prefix", NodeDirectory, "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", GrpcJsPackage);
    }

    private static string? Try(string reason, string file, params string[] arguments)
    {
        try
        {
            var result = Command.Try(TimeSpan.FromMinutes(2), file, arguments);
            if (result.Succeeded)
                return null;
            // npm warns before it says what is wrong.
            string[] lines = result.Error.Split('\n');
            return $"{reason}: {lines.FirstOrDefault(line => line.Contains("error", StringComparison.OrdinalIgnoreCase)) ?? lines[0]}";
        }
        catch (CommandException e)
        {
            return $"{reason}: {e.Message}";
        }
    }
}
