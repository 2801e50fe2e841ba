using Dataplane.Conntrack;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Workers;
using Xunit;

namespace Dataplane.Testing.Packets;

/// <summary>
/// A worker's packet path without the worker: one chunk of memory in place of UMEM, conntrack tables over arrays, and tables written by
/// hand. As in a worker, a packet starts in the lane of IPv4. The chunk lies between guards, and both it and they are filled with a
/// pattern, so that a write outside the packet shows.
/// </summary>
public class PathHarnessOf<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    /// <summary>Bytes of a chunk, where the kernel puts a packet's first byte, and the most it puts into one chunk.</summary>
    public const int ChunkSize = 4096, Headroom = 256, FrameLength = ChunkSize - Headroom;

    // The path may write headers before the packet: those of an ICMP error, and around it those of VXLAN.
    private static readonly int Prependable = Family<TAddress>.HeaderLength + 8 + 50;
    private const byte Pattern = 0xa5;
    private const int GuardSize = 512;

    private readonly byte[] _memory = new byte[GuardSize + ChunkSize + GuardSize];
    private readonly Lanes _lanes;
    private readonly Lane<TAddress> _lane;
    private int _dirtyStart = GuardSize, _dirtyEnd = GuardSize;

    /// <param name="tables">What the path reads; those of <see cref="SampleNodeOf{TAddress}"/> when null.</param>
    /// <param name="flows">Connections that conntrack can hold.</param>
    public PathHarnessOf(DataplaneTables? tables = null, int flows = 1024)
    {
        Tables = tables ?? new SampleNodeOf<TAddress>().Build();
        _lanes = new Lanes(Open<IPv4Address>(flows), Family<TAddress>.IsV6 ? Open<IPv6Address>(flows) : null);
        _lane = (Lane<TAddress>)(object)(Family<TAddress>.IsV6 ? _lanes.V6! : (object)_lanes.V4);
        _memory.AsSpan().Fill(Pattern);
        _lanes.Quiescent();
        Begin();
    }

    /// <summary>Read at the next <see cref="Begin"/>.</summary>
    public DataplaneTables Tables { get; set; }

    /// <summary>Seconds on the clock, read at the next <see cref="Begin"/>.</summary>
    public uint Now { get; set; } = 1;

    /// <summary>All flows.</summary>
    public ConntrackTable<TAddress> Conntrack => Context.Conntrack;

    /// <summary>What the stages work with.</summary>
    public PathContext<TAddress> Context => _lane.Context;

    /// <summary>What was found out about the last packet.</summary>
    public ref PacketInfo<TAddress> Info => ref _lane.Infos[0];

    /// <summary>The chunk.</summary>
    public Span<byte> Chunk => _memory.AsSpan(GuardSize, ChunkSize);

    /// <summary>Bytes before the next packet's first one.</summary>
    public int Start { get; set; } = Headroom;

    /// <summary>What a worker does between two batches: takes tables and time, and lets conntrack clean up.</summary>
    public void Begin()
    {
        _lanes.Begin(Tables, Now);
        _lanes.Expire(Now, 32);
        _lanes.Quiescent();
    }

    public PathResult<TAddress> FromPod(ushort port, byte[] frame) => Send(frame, PacketOrigin.Pod, port);

    public PathResult<TAddress> FromPod(ushort port, PacketBuilder packet) => FromPod(port, packet.Build());

    public PathResult<TAddress> FromPodA(PacketBuilder packet) => FromPod(SampleNode.PodAPort, packet.Build());

    public PathResult<TAddress> FromPodB(PacketBuilder packet) => FromPod(SampleNode.PodBPort, packet.Build());

    public PathResult<TAddress> FromHost(byte[] frame) => Send(frame, PacketOrigin.Host, SampleNode.HostPort);

    public PathResult<TAddress> FromHost(PacketBuilder packet) => FromHost(packet.Build());

    public PathResult<TAddress> FromOverlay(byte[] frame) => FromUplink(frame);

    /// <summary>A frame from the underlay.</summary>
    public PathResult<TAddress> FromUplink(byte[] frame) => Send(frame, PacketOrigin.Uplink, SampleNode.UplinkPort);

    /// <inheritdoc cref="FromUplink(byte[])"/>
    public PathResult<TAddress> FromUplink(PacketBuilder packet) => FromUplink(packet.Build());

    /// <summary>The packet is put into VXLAN unless it is already.</summary>
    public PathResult<TAddress> FromOverlay(PacketBuilder packet) => FromOverlay(packet.InVxlan().Build());

    /// <summary>Carries one packet, and fails if anything outside it was written.</summary>
    public PathResult<TAddress> Send(byte[] frame, PacketOrigin origin, ushort port)
    {
        Begin();
        var verdict = Run(frame, origin, port);
        var head = Chunk.Slice(Info.Start, Info.HeadLength);
        int rest = Info.TotalLength - Info.HeadLength;
        byte[] bytes = rest == 0 ? head.ToArray() : [.. head, .. frame.AsSpan(FrameLength, rest)];
        Assert.True(IsIntact(), $"written outside the packet: {verdict}");
        return new PathResult<TAddress>(verdict, bytes, Info);
    }

    /// <summary>
    /// Carries one packet and allocates nothing. Of a packet longer than a frame the chunk holds the first, as it is with several
    /// descriptors. The packet stays in the chunk until the next one.
    /// </summary>
    public Verdict Run(ReadOnlySpan<byte> frame, PacketOrigin origin, ushort port)
    {
        _memory.AsSpan(_dirtyStart, _dirtyEnd - _dirtyStart).Fill(Pattern);
        int head = Math.Min(frame.Length, ChunkSize - Math.Max(Start, Headroom));
        frame[..head].CopyTo(Chunk[Start..]);
        _dirtyStart = GuardSize + Math.Max(0, Start - Prependable);
        _dirtyEnd = GuardSize + Start + head;

        ref var info = ref _lanes.V4.Infos[0];
        info.Start = Start;
        info.HeadLength = head;
        info.TotalLength = frame.Length;
        info.InPort = port;
        info.Origin = origin;
        info.Flags = PacketFlags.None;
        var verdict = _lanes.Prepare(0, Chunk);
        _lanes.Prefetch();
        if (!verdict.IsFinal) verdict = _lanes.IsV6(0) ? _lanes.V6!.Run(0, Chunk) : _lanes.V4.Run(0, Chunk);
        if (Family<TAddress>.IsV6 && !_lanes.IsV6(0))
        {
            Info = default;
            _lane.Adopt(0, info);
        }
        _dirtyEnd = Math.Max(_dirtyEnd, GuardSize + Math.Min(Info.Start + Info.HeadLength, ChunkSize)); // an answer may be longer than its question
        return verdict;
    }

    /// <summary>True unless something outside the last packet, and the room before it, was written.</summary>
    public bool IsIntact() =>
        !_memory.AsSpan(0, _dirtyStart).ContainsAnyExcept(Pattern) && !_memory.AsSpan(_dirtyEnd).ContainsAnyExcept(Pattern);

    private static Lane<TLane> Open<TLane>(int flows)
        where TLane : unmanaged, IIpAddress<TLane>
    {
        var conntrack = new ConntrackTable<TLane>(new byte[ConntrackTable<TLane>.RequiredBytes(flows, 1)], flows, 1, 0x1234_5678_9abc_def0, new ConntrackTimeouts());
        return new Lane<TLane>(new PathContext<TLane>(conntrack, conntrack.Writer(0), new FragmentTable<TLane>(), new AffinityTable<TLane>(1024), 1));
    }
}
