using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Workers;

/// <summary>
/// What a worker has for each address family: its path, and what is known of a batch's packets of the family. Places in the batch are
/// shared: a packet is in one lane.
/// </summary>
internal sealed class Lane<TAddress>(PathContext<TAddress> context)
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private readonly PacketInfo<TAddress>[] _infos = new PacketInfo<TAddress>[PacketBatch.Capacity];
    private readonly ulong[] _hashes = new ulong[PacketBatch.Capacity];
    private int _hashed;

    /// <summary>The path and its flows.</summary>
    public PathContext<TAddress> Context { get; } = context;

    /// <summary>By place in the batch.</summary>
    public PacketInfo<TAddress>[] Infos => _infos;

    /// <summary>Takes tables and time for a round.</summary>
    public void Begin(DataplaneTables tables, FamilyTables<TAddress> family, uint now)
    {
        Context.Begin(tables, family, now);
        _hashed = 0;
    }

    /// <summary>First pass over a packet.</summary>
    public Verdict Prepare(int place, Span<byte> frame)
    {
        var packet = new Packet<TAddress>(frame, ref _infos[place]);
        var verdict = PacketPath<TAddress>.Prepare(ref packet, Context);
        if (!verdict.IsFinal) _hashes[_hashed++] = _infos[place].Hash;
        return verdict;
    }

    /// <summary>Has what the lookups of the second pass need on its way. For one or two packets there is nothing to overlap.</summary>
    public void Prefetch()
    {
        if (_hashed > 2) Context.Conntrack.Prefetch(_hashes.AsSpan(0, _hashed));
        _hashed = 0;
    }

    /// <summary>Second pass over a packet.</summary>
    public Verdict Run(int place, Span<byte> frame)
    {
        var packet = new Packet<TAddress>(frame, ref _infos[place]);
        return PacketPath<TAddress>.Run(ref packet, Context);
    }

    /// <summary>Takes a packet over from the lane of another family, whose first pass has found out that it is none of its own.</summary>
    public void Adopt<TOther>(int place, in PacketInfo<TOther> other)
        where TOther : unmanaged, IIpAddress<TOther>
    {
        ref var info = ref _infos[place];
        info.Start = other.Start;
        info.HeadLength = other.HeadLength;
        info.TotalLength = other.TotalLength;
        info.InPort = other.InPort;
        info.Origin = other.Origin;
        info.IngressVtep = other.IngressVtep;
        info.Flags = PacketFlags.None;
    }
}
