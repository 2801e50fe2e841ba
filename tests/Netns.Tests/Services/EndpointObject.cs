using Dataplane.Testing.Clusters;

namespace Dataplane.Netns.Tests.Services;

/// <summary>One endpoint of an EndpointSlice.</summary>
public sealed record EndpointObject(string Address, string Node)
{
    public bool Ready { get; init; } = true;

    public bool Serving { get; init; } = true;

    public bool Terminating { get; init; }

    /// <summary>Zones that it is hinted for; empty for no hint.</summary>
    public IReadOnlyList<string> ForZones { get; init; } = [];

    /// <summary>Nodes that it is hinted for; empty for no hint.</summary>
    public IReadOnlyList<string> ForNodes { get; init; } = [];

    /// <summary>A pod that is ready.</summary>
    public static EndpointObject Of(ClusterPod pod) => new(pod.Address, pod.Node.Name);

    /// <inheritdoc />
    public override string ToString()
    {
        string hints = ForZones.Count + ForNodes.Count == 0 ? "" : $", hints: {{forZones: [{Names(ForZones)}], forNodes: [{Names(ForNodes)}]}}";
        return $"{{addresses: [\"{Address}\"], nodeName: {Node}, conditions: {{ready: {Text(Ready)}, serving: {Text(Serving)}, terminating: {Text(Terminating)}}}{hints}}}";
    }

    private static string Names(IReadOnlyList<string> names) => string.Join(", ", names.Select(name => $"{{name: {name}}}"));

    private static string Text(bool value) => value ? "true" : "false";
}
