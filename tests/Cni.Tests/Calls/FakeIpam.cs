using System.Text.Json.Nodes;
using Dataplane.Cni.Ipam;

namespace Dataplane.Cni.Tests.Calls;

/// <summary>An IPAM plugin that is not a process.</summary>
internal sealed class FakeIpam(CallLog log, Func<string, string?> ours) : IProgramRunner
{
    /// <summary>Its answer to ADD.</summary>
    public string Answer { get; set; } = """{"cniVersion":"1.0.0","ips":[{"address":"10.244.1.7/24","gateway":"10.244.1.1"}]}""";

    /// <summary>Its error: to which commands, and what it prints. Commands that are not named succeed.</summary>
    public Dictionary<string, string> Errors { get; } = [];

    /// <summary>Versions of the specification that it speaks.</summary>
    public List<string> Versions { get; } = ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"];

    /// <summary>The program that was run last.</summary>
    public string? Path { get; private set; }

    /// <summary>The CNI_ARGS that it got last.</summary>
    public string? Arguments { get; private set; }

    /// <summary>The configuration that it got last.</summary>
    public JsonObject? Input { get; private set; }

    /// <inheritdoc/>
    public (int ExitCode, string Output) Run(string path, string input, IReadOnlyList<KeyValuePair<string, string>> changed)
    {
        Path = path;
        Input = (JsonObject)JsonNode.Parse(input)!;
        string command = Variable("CNI_COMMAND");
        Arguments = Variable("CNI_ARGS");
        log.Add($"ipam {command} {Variable("CNI_CONTAINERID")}".TrimEnd());
        if (!Versions.Contains((string)Input["cniVersion"]!)) return (1, """{"code":1,"msg":"incompatible CNI versions"}""");
        return Errors.TryGetValue(command, out string? error) ? (1, error) : (0, command == "ADD" ? Answer : "");

        string Variable(string name) => changed.LastOrDefault(pair => pair.Key == name) is { Key: not null } pair ? pair.Value : ours(name) ?? "";
    }
}
