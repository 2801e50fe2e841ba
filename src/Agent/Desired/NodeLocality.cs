using Dataplane.Agent.Model;

namespace Dataplane.Agent.Desired;

/// <summary>Where this node and others are.</summary>
internal sealed class NodeLocality(string nodeName)
{
    private Dictionary<string, string> _zones = new(StringComparer.Ordinal);

    /// <summary>This node's name.</summary>
    public string NodeName { get; } = nodeName;

    /// <summary>This node's zone; empty where unknown.</summary>
    public string Zone => ZoneOf(NodeName);

    /// <summary>A node's zone; empty where unknown.</summary>
    public string ZoneOf(string node) => _zones.GetValueOrDefault(node, "");

    /// <summary>Takes a list of nodes over and tells whose zones are others now.</summary>
    public (bool Own, bool Any) Update(IReadOnlyList<Node> nodes)
    {
        var zones = nodes.Where(n => n.Zone.Length > 0).ToDictionary(n => n.Meta.Name, n => n.Zone, StringComparer.Ordinal);
        var own = zones.GetValueOrDefault(NodeName, "") != Zone;
        var any = zones.Count != _zones.Count || zones.Any(z => ZoneOf(z.Key) != z.Value);
        _zones = zones;
        return (own, any);
    }

    /// <summary>True when it is this node.</summary>
    public bool IsHere(string node) => node.Length > 0 && node == NodeName;

    /// <summary>What hints for nodes mean here.</summary>
    public Hint OfNodes(IReadOnlyList<string> names) => Of(names, NodeName);

    /// <summary>What hints for zones mean here. A node without a zone is in none.</summary>
    public Hint OfZones(IReadOnlyList<string> names) => Of(names, Zone);

    private static Hint Of(IReadOnlyList<string> names, string here)
    {
        if (names.Count == 0)
            return Hint.None;
        foreach (var name in names)
        {
            if (name.Length > 0 && name == here)
                return Hint.Here;
        }
        return Hint.Others;
    }
}
