using Dataplane.Packets;

namespace Dataplane.Tables;

/// <summary>
/// Everything the packet path reads, as one immutable snapshot: workers take it once per batch, control publishes a new one with
/// a single volatile write, so no packet ever sees half an update (K32, P29).
/// </summary>
public sealed class DataplaneTables
{
    /// <summary>Generation of the desired state this was made from; 0 before the first.</summary>
    public required ulong Generation { get; init; }

    /// <summary>
    /// Stamped into flows; from 1. It changes when an established flow's decision may have changed: with endpoints, policies,
    /// identities, routes or VTEPs, not with services.
    /// </summary>
    public required uint Revision { get; init; }

    /// <summary>This node.</summary>
    public required NodeSettings Node { get; init; }

    /// <summary>Policy verdicts, for both families.</summary>
    public required PolicyTable Policies { get; init; }

    /// <summary>Remote tunnel end points.</summary>
    public required VtepTable Vteps { get; init; }

    /// <summary>Tables of IPv4.</summary>
    public required FamilyTables<IPv4Address> IPv4 { get; init; }

    /// <summary>Tables of IPv6; null where the cluster has none.</summary>
    public FamilyTables<IPv6Address>? IPv6 { get; init; }
}
