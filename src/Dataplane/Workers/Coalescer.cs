using Dataplane.Packets;
using Dataplane.Stages;
using Dataplane.Telemetry;
using Xdp.Interop;

namespace Dataplane.Workers;

/// <summary>
/// Holds back TCP segments for a pod until the end of their batch, so that consecutive ones of a flow leave as one packet. Nothing
/// waits longer than that, and a flow's packets keep their order.
/// </summary>
internal sealed class Coalescer<TAddress>(Transmitter transmitter, Umem umem, WorkerCounters counters)
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private const int Flows = 8;
    private const int LargestIpPacket = 65535;

    private readonly Held[] _held = CreateHeld();
    private int _count;

    /// <summary>
    /// Takes a packet that is ready to leave, or makes way for it: false means that the caller sends it, after what was held of its
    /// flow.
    /// </summary>
    public bool Offer(Port port, ReadOnlySpan<XdpDescriptor> frames, ref PacketInfo<TAddress> info)
    {
        if (port.Kind != PortKind.Pod || info.Flow < 0 || !port.Socket.MultiBuffer || !port.Socket.TxMetadata) return false;
        int index = Find(ref info);
        var packet = new Packet<TAddress>(umem.Frame(frames[0].Address), ref info);
        uint sequence = 0;
        int payload = 0;
        if (frames.Length != 1 || !Coalesce.IsCandidate(ref packet, out sequence, out payload))
        {
            if (index >= 0) Release(index);
            return false;
        }
        if (index >= 0)
        {
            if (TryMerge(_held[index], packet, frames[0], sequence, payload)) return true;
            Release(index);
        }
        if (_count == Flows) Release(0);
        Hold(_held[_count++], port, frames[0], info, sequence + (uint)payload);
        return true;
    }

    /// <summary>Sends everything that is held.</summary>
    public void Flush()
    {
        for (int i = 0; i < _count; i++) Send(_held[i]);
        _count = 0;
    }

    private int Find(ref PacketInfo<TAddress> info)
    {
        for (int i = 0; i < _count; i++)
        {
            if (_held[i].Info.Flow == info.Flow && _held[i].Info.Direction == info.Direction) return i;
        }
        return -1;
    }

    private bool TryMerge(Held held, in Packet<TAddress> packet, in XdpDescriptor frame, uint sequence, int payload)
    {
        if (held.Push || sequence != held.NextSequence || held.Frames == XdpDescriptor.MaxPerPacket) return false;
        if (held.Info.TotalLength - held.Info.NetworkOffset + payload > LargestIpPacket) return false;
        var first = umem.Frame(held.Descriptors[0].Address).Slice(held.Info.Start, held.Info.HeadLength);
        if (!Coalesce.Continues(first, held.Info, packet.Data, packet.Info)) return false;
        ulong address = Umem.FrameBase(frame.Address) + (uint)(packet.Info.Start + packet.Info.HeadLength - payload);
        held.Descriptors[held.Frames++] = new XdpDescriptor(address, (uint)payload);
        held.Info.TotalLength += payload;
        held.NextSequence += (uint)payload;
        held.Push = (packet.Info.TcpFlags & Headers.TcpHeader.Psh) != 0;
        return true;
    }

    private static void Hold(Held held, Port port, in XdpDescriptor frame, in PacketInfo<TAddress> info, uint next)
    {
        held.Port = port;
        held.Info = info;
        held.Descriptors[0] = frame;
        held.Frames = 1;
        held.NextSequence = next;
        held.Push = (info.TcpFlags & Headers.TcpHeader.Psh) != 0;
    }

    private void Release(int index)
    {
        Send(_held[index]);
        _count--;
        (_held[index], _held[_count]) = (_held[_count], _held[index]);
    }

    private void Send(Held held)
    {
        if (held.Frames > 1)
        {
            var packet = new Packet<TAddress>(umem.Frame(held.Descriptors[0].Address), ref held.Info);
            Coalesce.Finish(ref packet, held.Push);
            counters.CoalescedPackets++;
            counters.CoalescedSegments += (uint)held.Frames;
        }
        int bytes = held.Info.TotalLength;
        var failure = transmitter.Send(held.Port, held.Descriptors.AsSpan(0, held.Frames), ref held.Info);
        if (failure != DropReason.None) counters.Drop(failure, TrafficDirection.Ingress, bytes);
    }

    private static Held[] CreateHeld()
    {
        var held = new Held[Flows];
        for (int i = 0; i < held.Length; i++) held[i] = new Held();
        return held;
    }

    /// <summary>Segments of one flow; made once, used again.</summary>
    private sealed class Held
    {
        public readonly XdpDescriptor[] Descriptors = new XdpDescriptor[XdpDescriptor.MaxPerPacket];
        public PacketInfo<TAddress> Info;
        public Port Port = null!;
        public int Frames;
        public uint NextSequence;
        public bool Push;
    }
}
