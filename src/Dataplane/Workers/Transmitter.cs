using System.Runtime.InteropServices;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Stages;
using Dataplane.Telemetry;
using Xdp.Interop;

namespace Dataplane.Workers;

/// <summary>
/// Sends what the path decided to send: whole, or cut into segments or fragments; on this worker's ports directly, on another's by handing it
/// over. Owns frames until they are queued, and frees those that are not.
/// </summary>
internal sealed class Transmitter(int worker, Umem umem, FramePool pool, WorkerCounters counters)
{
    private readonly XdpDescriptor[] _single = new XdpDescriptor[1];

    /// <summary>Rings to the other workers, by number; this worker's own place is empty.</summary>
    public HandoffRing?[] Handoffs { get; set; } = [];

    /// <summary>Bit per worker to which something was handed over since it was last cleared.</summary>
    public ulong HandedOver { get; set; }

    /// <summary>Frees a packet's frames.</summary>
    public void Free(ReadOnlySpan<XdpDescriptor> frames)
    {
        foreach (ref readonly var frame in frames) pool.Return(frame.Address);
    }

    /// <summary>Sends a packet out of a port; returns why not, or <see cref="DropReason.None"/>.</summary>
    public DropReason Send<TAddress>(Port? port, Span<XdpDescriptor> frames, ref PacketInfo<TAddress> info)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        if (port is null || port.IsGone)
        {
            Free(frames);
            return DropReason.PortGone;
        }
        if (info.SegmentSize != 0) return SendSegments(port, frames, ref info);

        frames = Fit(frames, ref info);
        if (frames.Length > XdpDescriptor.MaxPerPacket || frames.Length > 1 && !port.Socket.MultiBuffer)
        {
            Free(frames);
            return DropReason.FrameTooLarge;
        }
        if ((info.Flags & PacketFlags.PartialChecksum) != 0) RequestChecksum(port, frames, ref info);
        return Queue(port, frames, info.TotalLength);
    }

    /// <summary>Sends frames that are right as they are.</summary>
    public DropReason Queue(Port port, ReadOnlySpan<XdpDescriptor> frames, int bytes)
    {
        if (port.Worker != worker)
        {
            if (Handoffs[port.Worker]!.TryWrite(frames, port.Id, bytes))
            {
                HandedOver |= 1UL << port.Worker;
                return DropReason.None;
            }
            Free(frames);
            return DropReason.HandoffRingFull;
        }
        if (port.TryQueue(frames, bytes)) return DropReason.None;
        port.Flush(pool, counters);
        if (port.TryQueue(frames, bytes)) return DropReason.None;
        Free(frames);
        return DropReason.TransmitRingFull;
    }

    // Brings descriptors in line with what the path made of the packet: another start, perhaps a shorter end.
    private Span<XdpDescriptor> Fit<TAddress>(Span<XdpDescriptor> frames, scoped ref PacketInfo<TAddress> info)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var head = ref frames[0];
        head.Address = Umem.FrameBase(head.Address) + (uint)info.Start;
        head.Length = (uint)info.HeadLength;
        head.Options = 0;
        int left = info.TotalLength - info.HeadLength, used = 1;
        while (left > 0)
        {
            ref var frame = ref frames[used];
            frame.Length = Math.Min(frame.Length, (uint)left);
            frame.Options = 0;
            left -= (int)frame.Length;
            frames[used - 1].Options = XdpDescriptor.Continued;
            used++;
        }
        Free(frames[used..]);
        return frames[..used];
    }

    private void RequestChecksum<TAddress>(Port port, Span<XdpDescriptor> frames, ref PacketInfo<TAddress> info)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        // Devices that know only TCP and UDP behind a plain IP header would complete the tunnel's own.
        if (port.Socket.TxMetadata && info.OuterLength == 0)
        {
            TxMetadata.RequestChecksum(umem.Frame(frames[0].Address), info.Start, info.TransportOffset, (ushort)ChecksumField(info));
            frames[0].Options |= XdpDescriptor.TxMetadata;
            return;
        }
        CompleteChecksum(frames, ref info);
    }

    private static int ChecksumField<TAddress>(in PacketInfo<TAddress> info)
        where TAddress : unmanaged, IIpAddress<TAddress> =>
        info.Tuple.Protocol == IpProtocol.Tcp ? TcpHeader.ChecksumOffset : UdpHeader.ChecksumOffset;

    private void CompleteChecksum<TAddress>(ReadOnlySpan<XdpDescriptor> frames, ref PacketInfo<TAddress> info)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        var head = umem.Frame(frames[0].Address);
        // Every frame but the last has an even length, so the sums of frames add up. The field adds the pseudo-header.
        ulong sum = Checksum.Add(head.Slice(info.Start + info.TransportOffset, info.HeadLength - info.TransportOffset), 0);
        for (int i = 1; i < frames.Length; i++) sum += Checksum.Fold(Checksum.Add(umem.Data(frames[i]), 0));
        ushort checksum = (ushort)~Checksum.Fold(sum);
        if (info.Tuple.Protocol == IpProtocol.Udp && checksum == 0) checksum = 0xffff;
        MemoryMarshal.Write(head[(info.Start + info.TransportOffset + ChecksumField(info))..], in checksum);
    }

    private DropReason SendSegments<TAddress>(Port port, Span<XdpDescriptor> frames, ref PacketInfo<TAddress> info)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        // That of a fragmented packet is over all of it.
        if ((info.Flags & PacketFlags.PartialChecksum) != 0 && !Segment.IsOfTcp(info)) CompleteChecksum(frames, ref info);
        var packet = new Packet<TAddress>(umem.Frame(frames[0].Address), ref info);
        int headerLength = Segment.HeaderLength(ref packet);
        int count = Segment.Count(ref packet), payload = info.TotalLength - headerLength;
        ReadOnlySpan<byte> header = packet.Data[..headerLength];
        ushort identification = info.OuterLength == 0 ? (ushort)0 : System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(header[(EthernetHeader.Size + 4)..]);
        counters.SegmentedPackets++;

        var reason = DropReason.None;
        int source = 0, offset = info.Start + headerLength, left = info.HeadLength - headerLength; // where payload is read next
        for (int i = 0; i < count && reason == DropReason.None; i++)
        {
            if (!pool.TryTake(out ulong address))
            {
                reason = DropReason.FramesExhausted;
                break;
            }
            int length = Math.Min(info.SegmentSize, payload - i * info.SegmentSize);
            var segment = umem.Frame(address).Slice(Umem.RxHeadroom, headerLength + length);
            header.CopyTo(segment);
            var destination = segment[headerLength..];
            while (destination.Length > 0)
            {
                if (left == 0)
                {
                    source++;
                    offset = Umem.FrameOffset(frames[source].Address);
                    left = (int)frames[source].Length;
                }
                int run = Math.Min(left, destination.Length);
                umem.Frame(frames[source].Address).Slice(offset, run).CopyTo(destination);
                destination = destination[run..];
                offset += run;
                left -= run;
            }
            Segment.Finish(segment, info, headerLength, i, i == count - 1, identification);
            _single[0] = new XdpDescriptor(address + Umem.RxHeadroom, (uint)segment.Length);
            reason = Queue(port, _single, segment.Length);
            counters.Segments++;
        }
        Free(frames);
        return reason;
    }
}
