using System.Buffers.Binary;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Workers;

/// <summary>
/// Both lanes of a worker, and which of them each packet of a batch goes down. Every packet starts in that of IPv4, which takes tunnels
/// off; what it finds to be of the other family goes on there. So a packet of IPv4 pays nothing for there being another.
/// </summary>
internal sealed class Lanes(Lane<IPv4Address> v4, Lane<IPv6Address>? v6)
{
    private readonly bool[] _isV6 = new bool[PacketBatch.Capacity]; // by place in the batch
    private bool _anyV6;
    private FamilyTables<IPv6Address>? _familyV6; // of this round; null while control has published none

    public Lane<IPv4Address> V4 { get; } = v4;

    /// <summary>Null where the cluster has no IPv6.</summary>
    public Lane<IPv6Address>? V6 { get; } = v6;

    /// <summary>Takes tables and time for a round.</summary>
    public void Begin(DataplaneTables tables, uint now)
    {
        V4.Begin(tables, tables.IPv4, now);
        _familyV6 = V6 is null ? null : tables.IPv6;
        if (_familyV6 is not null) V6!.Begin(tables, _familyV6, now);
    }

    /// <summary>True when packets of IPv6 are carried in this round.</summary>
    public bool CarriesV6 => _familyV6 is not null;

    /// <summary>True when the packet in a place was found to be of IPv6.</summary>
    public bool IsV6(int place) => _isV6[place];

    /// <summary>First pass over a packet, of which the lane of IPv4 has noted where it is.</summary>
    public Verdict Prepare(int place, Span<byte> frame)
    {
        var verdict = V4.Prepare(place, frame);
        bool isV6 = verdict.IsDrop(DropReason.EtherTypeUnsupported) && ConcernsV6(V4.Infos[place], frame);
        _isV6[place] = isV6;
        if (!isV6) return verdict;
        _anyV6 = true;
        V6!.Adopt(place, V4.Infos[place]);
        return V6.Prepare(place, frame);
    }

    /// <summary>Between the passes: has what the lookups of the second need on its way.</summary>
    public void Prefetch()
    {
        V4.Prefetch();
        if (_anyV6) V6!.Prefetch();
        _anyV6 = false;
    }

    /// <summary>Lets a bounded number of idle flows go.</summary>
    public void Expire(uint now, int budget)
    {
        V4.Context.Flows.Expire(now, budget);
        V6?.Context.Flows.Expire(now, budget);
    }

    /// <summary>The worker holds no flow at this point.</summary>
    public void Quiescent()
    {
        V4.Context.Flows.Quiescent();
        V6?.Context.Flows.Quiescent();
    }

    /// <summary>Nor will it until the next <see cref="Quiescent"/>: others need not wait for it.</summary>
    public void GoOffline()
    {
        V4.Context.Flows.Offline();
        V6?.Context.Flows.Offline();
    }

    // A pod that has no IPv6 address sends such packets all the same: they concern nobody.
    private bool ConcernsV6(in PacketInfo<IPv4Address> info, ReadOnlySpan<byte> frame) =>
        _familyV6 is { } family && info.HeadLength >= EthernetHeader.Size
        && BinaryPrimitives.ReadUInt16BigEndian(frame[(info.Start + EthernetHeader.Size - 2)..]) == EtherTypes.IPv6
        && (info.Origin != PacketOrigin.Pod || family.Endpoints.OfPort(info.InPort) >= 0);
}
