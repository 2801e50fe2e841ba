using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Control.Compile;

/// <summary>Everything that tables are made from, besides the state itself.</summary>
public sealed record CompileInput
{
    public required string NodeName { get; init; }

    /// <summary>Fixed facts of the node.</summary>
    public required NodeSettings Node { get; init; }

    public required FamilyInput<IPv4Address> IPv4 { get; init; }

    /// <summary>Null where the cluster has no IPv6.</summary>
    public FamilyInput<IPv6Address>? IPv6 { get; init; }

    /// <summary>Attached pods.</summary>
    public required IReadOnlyCollection<AttachedEndpoint> Endpoints { get; init; }

    /// <summary>Next hops that are known, by node address.</summary>
    public required IReadOnlyDictionary<IPv4Address, NextHop> NextHops { get; init; }

    /// <summary>Port of the uplink; 0 without one.</summary>
    public required ushort UplinkPort { get; init; }

    /// <summary>Ethernet address of the uplink.</summary>
    public required MacAddress UplinkMac { get; init; }

    /// <summary>Largest IP packet inside the tunnel when nothing more is known, bytes.</summary>
    public required int PathMtu { get; init; }

    /// <summary>Number of the tables that are made.</summary>
    public required uint Revision { get; init; }

    /// <summary>True when everything here but the number is that of another input: collections are made anew when they change, and so they are the same instances.</summary>
    public bool HasSurroundingsOf(CompileInput? other) => other is not null && this == other with { Revision = Revision };
}
