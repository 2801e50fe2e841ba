using Dataplane.Packets;
using Dataplane.Telemetry;
using Xdp.Interop;

namespace Dataplane.Workers;

/// <summary>
/// What lets people watch a worker: flow events and captured frames. Costs one read of a field per packet while nobody does.
/// </summary>
internal sealed class WorkerTaps(WorkerCounters counters, Umem umem)
{
    private readonly long[] _records = new long[PacketBatch.Capacity];
    private CaptureRing? _capture;
    private CaptureRing? _active;
    private long _cursor;
    private long _time;
    private bool _events;

    /// <summary>New flows and drops.</summary>
    public FlowEventRing Events { get; } = new(4096);

    /// <summary>The capture that is running, set by control.</summary>
    public CaptureRing? Capture
    {
        get => Volatile.Read(ref _capture);
        set => Volatile.Write(ref _capture, value);
    }

    /// <summary>Looks once per batch who is watching.</summary>
    public void BeginBatch()
    {
        _active = Capture;
        _events = Events.Enabled;
        if (_active is not null) _cursor = _active.Cursor;
        if (_active is not null || _events) _time = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100;
    }

    /// <summary>Makes the batch's frames visible to the reader.</summary>
    public void EndBatch() => _active?.Publish(_cursor);

    /// <summary>A packet as it came in.</summary>
    public void Incoming<TAddress>(int index, ReadOnlySpan<XdpDescriptor> frames, ref PacketInfo<TAddress> info)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        if (_active is not { } ring) return;
        _records[index] = Copy(ring, frames, ref info, info.InPort, outgoing: false);
    }

    /// <summary>A packet as it leaves; one that will be cut is shown whole, as a capture on a NIC with TSO would.</summary>
    public void Outgoing<TAddress>(ushort port, ReadOnlySpan<XdpDescriptor> frames, ref PacketInfo<TAddress> info)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        if (_active is { } ring) Copy(ring, frames, ref info, port, outgoing: true);
    }

    /// <summary>How a packet ended.</summary>
    public void Ended<TAddress>(int index, Verdict verdict, DropReason reason, TrafficDirection direction, ref PacketInfo<TAddress> info, int length)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        if (_active is { } ring && reason != DropReason.None && _records[index] >= 0) ring.SetReason(_records[index], reason);
        if (!_events || reason == DropReason.None && (info.Flags & PacketFlags.OpensFlow) == 0) return;
        var record = new FlowRecord
        {
            Time = _time,
            Verdict = verdict.Kind,
            Direction = direction,
            Reason = reason,
            Tuple = info.Tuple.Widen(),
            Translated = info.Translated.Widen(),
            SourceIdentity = info.SourceIdentity,
            DestinationIdentity = info.DestinationIdentity,
            InPort = info.InPort,
            OutPort = verdict.Kind == VerdictKind.Drop ? (ushort)0 : verdict.Port,
            Length = length,
            TcpFlags = info.TcpFlags,
        };
        if (!Events.TryWrite(record)) counters.LostEvents++;
    }

    private long Copy<TAddress>(CaptureRing ring, ReadOnlySpan<XdpDescriptor> frames, ref PacketInfo<TAddress> info, ushort port, bool outgoing)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        long start = ring.Begin(_time, port, outgoing, info.TotalLength, ref _cursor);
        if (start < 0) return start;
        ring.Append(start, umem.Frame(frames[0].Address).Slice(info.Start, info.HeadLength), ref _cursor);
        for (int i = 1; i < frames.Length; i++) ring.Append(start, umem.Data(frames[i]), ref _cursor);
        return start;
    }
}
