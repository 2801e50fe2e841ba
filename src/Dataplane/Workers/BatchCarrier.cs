using Dataplane.Packets;
using Dataplane.Telemetry;

namespace Dataplane.Workers;

/// <summary>
/// What becomes of one batch of a port: two passes of the path over all of its packets, then each is sent or freed, counted, and shown to
/// whoever watches.
/// </summary>
internal sealed class BatchCarrier(DataplaneEngine engine, Lanes lanes, Transmitter transmitter, WorkerTaps taps, WorkerCounters counters)
{
    private readonly PacketBatch _batch = new();
    private readonly Coalescer<IPv4Address> _coalescerV4 = new(transmitter, engine.Umem, counters);
    private readonly Coalescer<IPv6Address>? _coalescerV6 = lanes.V6 is null ? null : new(transmitter, engine.Umem, counters);

    /// <summary>Takes what a port has received and carries it to its end; false when there was nothing.</summary>
    public bool Carry(Port port)
    {
        var batch = _batch;
        if (batch.Receive(port, engine.Umem, lanes.V4.Infos) == 0) return false;
        counters.Batches++;
        counters.Packets += (uint)batch.Count;
        taps.BeginBatch();
        for (int i = 0; i < batch.Count; i++)
        {
            var frames = batch.Frames(i);
            taps.Incoming(i, frames, ref lanes.V4.Infos[i]);
            batch.VerdictOf(i) = lanes.Prepare(i, engine.Umem.Frame(frames[0].Address));
        }
        lanes.Prefetch();
        for (int i = 0; i < batch.Count; i++)
        {
            if (lanes.IsV6(i)) Conclude(i, lanes.V6!, _coalescerV6!);
            else Conclude(i, lanes.V4, _coalescerV4);
        }
        _coalescerV4.Flush();
        _coalescerV6?.Flush();
        taps.EndBatch();
        return true;
    }

    private void Conclude<TAddress>(int index, Lane<TAddress> lane, Coalescer<TAddress> coalescer)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref lane.Infos[index];
        var verdict = _batch.VerdictOf(index);
        int length = info.TotalLength;
        if (!verdict.IsFinal) verdict = lane.Run(index, engine.Umem.Frame(_batch.Frames(index)[0].Address));
        Finish(index, verdict, ref info, length, coalescer);
    }

    private void Finish<TAddress>(int index, Verdict verdict, ref PacketInfo<TAddress> info, int length, Coalescer<TAddress> coalescer)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        var frames = _batch.Frames(index);
        var direction = verdict.Direction != TrafficDirection.None ? verdict.Direction
            : info.Origin == PacketOrigin.Pod ? TrafficDirection.Egress : TrafficDirection.Ingress;
        var reason = info.ReplyReason; // a packet that became an ICMP error did die
        if (verdict.Kind == VerdictKind.Drop)
        {
            reason = verdict.Reason;
            transmitter.Free(frames);
        }
        else
        {
            taps.Outgoing(verdict.Port, frames, ref info);
            var port = engine.PortById(verdict.Port);
            var failure = info.Origin is PacketOrigin.Overlay or PacketOrigin.Uplink && port is not null && coalescer.Offer(port, frames, ref info)
                ? DropReason.None
                : transmitter.Send(port, frames, ref info);
            if (failure != DropReason.None)
            {
                verdict = Verdict.Drop(failure, direction);
                reason = failure;
            }
        }
        if (reason != DropReason.None) counters.Drop(reason, direction, length);
        if (reason != DropReason.None && verdict.Kind == VerdictKind.Reply) counters.Reject(reason);
        taps.Ended(index, verdict, reason, direction, ref info, length);
    }
}
