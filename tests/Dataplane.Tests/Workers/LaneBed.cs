using Dataplane.Conntrack;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Testing.Packets;
using Dataplane.Workers;

namespace Dataplane.Tests.Workers;

/// <summary>
/// Both lanes of a worker over plain memory: batches go through them in two passes, as a worker drives them, and what they made of each
/// packet can be looked at. Around packets the memory has a pattern, so that a write outside of them shows. Allocates nothing once made.
/// </summary>
internal sealed class LaneBed
{
    public const int Batch = 64;

    private const byte Pattern = 0xa5;
    private const int ChunkSize = PathHarness.ChunkSize, Headroom = PathHarness.Headroom;

    // What may be written before a packet: an ICMP error's headers of IPv6, and VXLAN's around it.
    private const int Prependable = 48 + 50;

    private readonly byte[] _memory = new byte[Batch * ChunkSize];
    private readonly int[] _ends = new int[Batch];
    private readonly Verdict[] _verdicts = new Verdict[Batch];

    /// <param name="tables">What the paths read.</param>
    /// <param name="withV6">False: the cluster has no IPv6.</param>
    /// <param name="flows">Connections that each family's table can hold.</param>
    public LaneBed(DataplaneTables tables, bool withV6 = true, int flows = 1024)
    {
        Tables = tables;
        Lanes = new Lanes(Open<IPv4Address>(flows), withV6 ? Open<IPv6Address>(flows) : null);
        _memory.AsSpan().Fill(Pattern);
        Array.Fill(_ends, Headroom);
        Lanes.Quiescent();
    }

    public Lanes Lanes { get; }

    /// <summary>Read by the next <see cref="Carry"/>.</summary>
    public DataplaneTables Tables { get; set; }

    public uint Now { get; set; } = 1;

    /// <summary>Puts a frame into a place of the next batch, as the kernel and <see cref="PacketBatch"/> would.</summary>
    public void Place(int place, ReadOnlySpan<byte> frame, PacketOrigin origin, ushort port)
    {
        var chunk = Chunk(place);
        chunk[(Headroom - Prependable)..Math.Max(_ends[place], Headroom)].Fill(Pattern);
        int head = Math.Min(frame.Length, ChunkSize - Headroom);
        frame[..head].CopyTo(chunk[Headroom..]);
        _ends[place] = Headroom + head;
        ref var info = ref Lanes.V4.Infos[place];
        info.Start = Headroom;
        info.HeadLength = head;
        info.TotalLength = frame.Length;
        info.InPort = port;
        info.Origin = origin;
        info.Flags = PacketFlags.None;
    }

    /// <summary>The place that is being carried.</summary>
    public int Current { get; set; }

    /// <summary>Carries the first <paramref name="count"/> places.</summary>
    public void Carry(int count)
    {
        Lanes.Begin(Tables, Now);
        for (int i = 0; i < count; i++)
        {
            Current = i;
            _verdicts[i] = Lanes.Prepare(i, Chunk(i));
        }
        Lanes.Prefetch();
        for (int i = 0; i < count; i++)
        {
            Current = i;
            if (!_verdicts[i].IsFinal) _verdicts[i] = Lanes.IsV6(i) ? Lanes.V6!.Run(i, Chunk(i)) : Lanes.V4.Run(i, Chunk(i));
            var (start, head, _) = ExtentOf(i);
            _ends[i] = Math.Max(_ends[i], Math.Min(start + head, ChunkSize)); // an answer may be longer than its question
        }
        Lanes.Expire(Now, 32);
        Lanes.Quiescent();
    }

    public Verdict VerdictOf(int place) => _verdicts[place];

    /// <summary>Where the packet starts in its chunk, its bytes there, and in all its frames.</summary>
    public (int Start, int HeadLength, int TotalLength) ExtentOf(int place) => Lanes.IsV6(place) ? Extent(Lanes.V6!.Infos[place]) : Extent(Lanes.V4.Infos[place]);

    public DecodedPacket Packet(int place)
    {
        var (start, head, _) = ExtentOf(place);
        return new DecodedPacket(Chunk(place).Slice(start, head));
    }

    /// <summary>True unless something outside the packet in a place, and the room before it, was written.</summary>
    public bool IsIntact(int place)
    {
        var chunk = Chunk(place);
        return !chunk[..(Headroom - Prependable)].ContainsAnyExcept(Pattern) && !chunk[_ends[place]..].ContainsAnyExcept(Pattern);
    }

    private Span<byte> Chunk(int place) => _memory.AsSpan(place * ChunkSize, ChunkSize);

    private static (int, int, int) Extent<TAddress>(in PacketInfo<TAddress> info)
        where TAddress : unmanaged, IIpAddress<TAddress> => (info.Start, info.HeadLength, info.TotalLength);

    private static Lane<TAddress> Open<TAddress>(int flows)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        var conntrack = new ConntrackTable<TAddress>(new byte[ConntrackTable<TAddress>.RequiredBytes(flows, 1)], flows, 1, 0x1234_5678_9abc_def0, new ConntrackTimeouts());
        return new Lane<TAddress>(new PathContext<TAddress>(conntrack, conntrack.Writer(0), new FragmentTable<TAddress>(), new AffinityTable<TAddress>(1024), 1));
    }
}
