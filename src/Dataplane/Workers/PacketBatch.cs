using Dataplane.Packets;
using Xdp.Interop;

namespace Dataplane.Workers;

/// <summary>
/// Packets received from one port: their descriptors, and what is known of each. Packets of several frames are runs of descriptors.
/// Allocated once per worker.
/// </summary>
internal sealed class PacketBatch<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    /// <summary>Descriptors, and so packets at the most, of one batch.</summary>
    public const int Capacity = 256;

    private readonly XdpDescriptor[] _descriptors = new XdpDescriptor[Capacity];
    private readonly PacketInfo<TAddress>[] _infos = new PacketInfo<TAddress>[Capacity];
    private readonly Verdict[] _verdicts = new Verdict[Capacity];
    private readonly int[] _first = new int[Capacity + 1];

    /// <summary>Packets in the batch.</summary>
    public int Count { get; private set; }

    /// <summary>What is known of a packet.</summary>
    public ref PacketInfo<TAddress> Info(int packet) => ref _infos[packet];

    /// <summary>How a packet ended, or that it did not yet.</summary>
    public ref Verdict VerdictOf(int packet) => ref _verdicts[packet];

    /// <summary>A packet's frames.</summary>
    public Span<XdpDescriptor> Frames(int packet) => _descriptors.AsSpan(_first[packet], _first[packet + 1] - _first[packet]);

    /// <summary>Takes what a port has; returns the number of packets.</summary>
    public int Receive(Port port, Umem umem)
    {
        int descriptors = port.Receive(_descriptors);
        int packets = 0, start = 0, total = 0;
        for (int i = 0; i < descriptors; i++)
        {
            ref readonly var descriptor = ref _descriptors[i];
            total += (int)descriptor.Length;
            if (i == start) umem.Prefetch(descriptor.Address);
            if (descriptor.IsContinued) continue;
            ref var info = ref _infos[packets];
            ref readonly var head = ref _descriptors[start];
            info.Start = Umem.FrameOffset(head.Address);
            info.HeadLength = (int)head.Length;
            info.TotalLength = total;
            info.InPort = port.Id;
            info.Origin = port.Origin;
            info.Flags = PacketFlags.None;
            _verdicts[packets] = Verdict.Continue;
            _first[packets++] = start;
            port.Counters.RxBytes += (uint)total;
            start = i + 1;
            total = 0;
        }
        _first[packets] = start;
        port.Counters.RxPackets += (uint)packets;
        Count = packets;
        return packets;
    }
}
