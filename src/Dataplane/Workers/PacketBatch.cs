using Dataplane.Packets;
using Xdp.Interop;

namespace Dataplane.Workers;

/// <summary>
/// Packets received from one port: their descriptors, and how they ended. Packets of several frames are runs of descriptors. What is known
/// of a packet is in the <see cref="Lane{TAddress}"/> of its family. Allocated once per worker.
/// </summary>
internal sealed class PacketBatch
{
    /// <summary>Descriptors, and so packets at the most, of one batch.</summary>
    public const int Capacity = 256;

    private readonly XdpDescriptor[] _descriptors = new XdpDescriptor[Capacity];
    private readonly Verdict[] _verdicts = new Verdict[Capacity];
    private readonly int[] _first = new int[Capacity + 1];

    /// <summary>Packets in the batch.</summary>
    public int Count { get; private set; }

    /// <summary>How a packet ended, or that it did not yet.</summary>
    public ref Verdict VerdictOf(int packet) => ref _verdicts[packet];

    /// <summary>A packet's frames.</summary>
    public Span<XdpDescriptor> Frames(int packet) => _descriptors.AsSpan(_first[packet], _first[packet + 1] - _first[packet]);

    /// <summary>Takes what a port has, and notes of each packet where it is; returns the number of packets.</summary>
    public int Receive<TAddress>(Port port, Umem umem, PacketInfo<TAddress>[] infos)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        int descriptors = port.Receive(_descriptors);
        int packets = 0, start = 0, total = 0;
        for (int i = 0; i < descriptors; i++)
        {
            ref readonly var descriptor = ref _descriptors[i];
            total += (int)descriptor.Length;
            if (i == start) umem.Prefetch(descriptor.Address);
            if (descriptor.IsContinued) continue;
            ref var info = ref infos[packets];
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
