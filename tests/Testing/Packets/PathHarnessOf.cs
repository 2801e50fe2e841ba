using Dataplane.Conntrack;
using Dataplane.Packets;
using Dataplane.Tables;
using Xunit;

namespace Dataplane.Testing.Packets;

/// <summary>
/// A worker's packet path without the worker: one chunk of memory in place of UMEM, a conntrack table over an array, and tables
/// written by hand. The chunk lies between guards, and both it and they are filled with a pattern, so that a write outside the packet shows.
/// </summary>
public sealed class PathHarness
{
    /// <summary>Bytes of a chunk, where the kernel puts a packet's first byte, and the most it puts into one chunk.</summary>
    public const int ChunkSize = 4096, Headroom = 256, FrameLength = ChunkSize - Headroom;

    // The path may write headers before the packet: those of an ICMP error, and around it those of VXLAN.
    private const int Prependable = 28 + 50;
    private const byte Pattern = 0xa5;
    private const int GuardSize = 512;

    private readonly byte[] _memory = new byte[GuardSize + ChunkSize + GuardSize];
    private PacketInfo<IPv4Address> _info;
    private int _dirtyStart = GuardSize, _dirtyEnd = GuardSize;

    /// <param name="tables">What the path reads; those of <see cref="SampleNode"/> when null.</param>
    /// <param name="flows">Connections that conntrack can hold.</param>
    public PathHarness(DataplaneTables? tables = null, int flows = 1024)
    {
        Tables = tables ?? new SampleNode().Build();
        Conntrack = new ConntrackTable<IPv4Address>(new byte[ConntrackTable<IPv4Address>.RequiredBytes(flows, 1)], flows, 1, 0x1234_5678_9abc_def0, new ConntrackTimeouts());
        Context = new PathContext<IPv4Address>(Conntrack, Conntrack.Writer(0), new FragmentTable<IPv4Address>(), new AffinityTable<IPv4Address>(1024), 1);
        _memory.AsSpan().Fill(Pattern);
        Context.Flows.Quiescent();
        Begin();
    }

    /// <summary>Read at the next <see cref="Begin"/>.</summary>
    public DataplaneTables Tables { get; set; }

    /// <summary>Seconds on the clock, read at the next <see cref="Begin"/>.</summary>
    public uint Now { get; set; } = 1;

    /// <summary>All flows.</summary>
    public ConntrackTable<IPv4Address> Conntrack { get; }

    /// <summary>What the stages work with.</summary>
    public PathContext<IPv4Address> Context { get; }

    /// <summary>What was found out about the last packet.</summary>
    public ref PacketInfo<IPv4Address> Info => ref _info;

    /// <summary>The chunk.</summary>
    public Span<byte> Chunk => _memory.AsSpan(GuardSize, ChunkSize);

    /// <summary>Bytes before the next packet's first one.</summary>
    public int Start { get; set; } = Headroom;

    /// <summary>What a worker does between two batches: takes tables and time, and lets conntrack clean up.</summary>
    public void Begin()
    {
        Context.Begin(Tables, Tables.IPv4, Now);
        Context.Flows.Expire(Now, 32);
        Context.Flows.Quiescent();
    }

    public PathResult FromPod(ushort port, byte[] frame) => Send(frame, PacketOrigin.Pod, port);

    public PathResult FromPod(ushort port, PacketBuilder packet) => FromPod(port, packet.Build());

    public PathResult FromPodA(PacketBuilder packet) => FromPod(SampleNode.PodAPort, packet.Build());

    public PathResult FromPodB(PacketBuilder packet) => FromPod(SampleNode.PodBPort, packet.Build());

    public PathResult FromHost(byte[] frame) => Send(frame, PacketOrigin.Host, SampleNode.HostPort);

    public PathResult FromHost(PacketBuilder packet) => FromHost(packet.Build());

    public PathResult FromOverlay(byte[] frame) => FromUplink(frame);

    /// <summary>A frame from the underlay.</summary>
    public PathResult FromUplink(byte[] frame) => Send(frame, PacketOrigin.Uplink, SampleNode.UplinkPort);

    /// <inheritdoc cref="FromUplink(byte[])"/>
    public PathResult FromUplink(PacketBuilder packet) => FromUplink(packet.Build());

    /// <summary>The packet is put into VXLAN unless it is already.</summary>
    public PathResult FromOverlay(PacketBuilder packet) => FromOverlay(packet.InVxlan().Build());

    /// <summary>Carries one packet, and fails if anything outside it was written.</summary>
    public PathResult Send(byte[] frame, PacketOrigin origin, ushort port)
    {
        Begin();
        var verdict = Run(frame, origin, port);
        var head = Chunk.Slice(_info.Start, _info.HeadLength);
        int rest = _info.TotalLength - _info.HeadLength;
        byte[] bytes = rest == 0 ? head.ToArray() : [.. head, .. frame.AsSpan(FrameLength, rest)];
        Assert.True(IsIntact(), $"written outside the packet: {verdict}");
        return new PathResult(verdict, bytes, _info);
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

        _info.Start = Start;
        _info.HeadLength = head;
        _info.TotalLength = frame.Length;
        _info.InPort = port;
        _info.Origin = origin;
        _info.Flags = PacketFlags.None;
        var packet = new Packet<IPv4Address>(Chunk, ref _info);
        var verdict = PacketPath<IPv4Address>.Prepare(ref packet, Context);
        return verdict.IsFinal ? verdict : PacketPath<IPv4Address>.Run(ref packet, Context);
    }

    /// <summary>True unless something outside the last packet, and the room before it, was written.</summary>
    public bool IsIntact() =>
        !_memory.AsSpan(0, _dirtyStart).ContainsAnyExcept(Pattern) && !_memory.AsSpan(_dirtyEnd).ContainsAnyExcept(Pattern);
}
