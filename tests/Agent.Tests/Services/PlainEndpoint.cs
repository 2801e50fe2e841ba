namespace Dataplane.Agent.Tests.Services;

/// <summary>An endpoint of a slice, in plain words.</summary>
internal sealed record PlainEndpoint(
    string Address, int Port, string Node, bool Ready, bool Serving, bool Terminating, string[] ForNodes, string[] ForZones)
{
    public string Place => $"{Address}:{Port}";

    public string ToYaml()
    {
        var hints = $"forNodes: [{string.Join(", ", ForNodes.Select(n => $"{{name: {n}}}"))}], forZones: [{string.Join(", ", ForZones.Select(z => $"{{name: {z}}}"))}]";
        return $"{{addresses: ['{Address}'], nodeName: {Node}, hints: {{{hints}}}, "
            + $"conditions: {{ready: {Text(Ready)}, serving: {Text(Serving)}, terminating: {Text(Terminating)}}}}}";
    }

    private static string Text(bool value) => value ? "true" : "false";
}
