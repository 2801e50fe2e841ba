using Dataplane.Packets;
using Dataplane.Telemetry;
using Xdp.Interop;

namespace Dataplane.Workers;

/// <summary>
/// One AF_XDP socket and its counters. One worker owns it and alone touches its rings; others reach it through that worker's
/// <see cref="HandoffRing"/>.
/// </summary>
public sealed class Port
{
    // Frames kept with the kernel to receive into. A super-packet takes up to 18.
    private const int RefillBatch = 64;
    private const int Reserve = 1024;
    private const int MaxIdleKicks = 8;

    private readonly FrameOwners _owners;
    private readonly int _fillLimit;
    private int _fillTarget;
    private uint _pending; // reserved in the TX ring and written, not submitted yet

    /// <param name="id">Its number, from 1.</param>
    /// <param name="kind">What is on the other side.</param>
    /// <param name="name">Name for people and metrics: the interface's, or the pod's.</param>
    /// <param name="socket">Owned by the port from now on.</param>
    /// <param name="owners">Who holds which frame.</param>
    /// <param name="fillTarget">Frames to keep with the kernel to receive into, at first; it grows to the fill ring's size when that is too few.</param>
    public Port(ushort id, PortKind kind, string name, XskSocket socket, FrameOwners owners, int fillTarget)
    {
        Id = id;
        Kind = kind;
        Name = name;
        Socket = socket;
        _owners = owners;
        _fillLimit = (int)socket.Fill.Size;
        _fillTarget = Math.Min(fillTarget, _fillLimit);
    }

    /// <summary>Number of the port, from 1; 0 is nobody.</summary>
    public ushort Id { get; }

    /// <summary>What is on the other side.</summary>
    public PortKind Kind { get; }

    /// <summary>Name for people and metrics.</summary>
    public string Name { get; }

    /// <summary>Number of the worker that owns it.</summary>
    public int Worker { get; internal set; }

    /// <summary>What is counted of it.</summary>
    public PortCounters Counters { get; } = new();

    /// <summary>The socket; for its owner, and for reading statistics.</summary>
    public XskSocket Socket { get; }

    /// <summary>The kernel's counters of the socket; zeros when the port is being closed. Any thread.</summary>
    public XdpStatistics ReadStatistics()
    {
        try
        {
            return Socket.ReadStatistics();
        }
        catch (XdpException)
        {
            return default;
        }
    }

    /// <summary>True when packets wait to be sent or to be completed.</summary>
    internal bool HasTransmitWork => !IsGone && (_pending != 0 || Counters.FramesSent != Counters.FramesCompleted);

    /// <summary>True once the kernel has said that the device is gone or down; it is no use to send.</summary>
    public bool IsGone { get; private set; }

    /// <summary>Where its packets come from.</summary>
    internal PacketOrigin Origin => Kind switch { PortKind.Pod => PacketOrigin.Pod, PortKind.Host => PacketOrigin.Host, _ => PacketOrigin.Uplink };

    /// <summary>
    /// Gives the kernel frames to receive into, up to the target. A port whose kernel side had used most of them before we came back
    /// is given twice as many: a few TCP windows of super-packets need thousands, an idle pod needs none of them.
    /// </summary>
    internal void Refill(FramePool pool)
    {
        // What waits in the receive ring does not count: the kernel needs other frames to go on while we are away.
        int ready = (int)Socket.Fill.Outstanding, missing = _fillTarget - ready;
        if (missing < RefillBatch) return;
        // The last frames are for segments and answers: ports that fill up must not keep others from sending.
        if (pool.Available < Reserve && ready >= RefillBatch) return;
        // Growth takes at most half of all frames: pods that come later need theirs.
        if (missing > _fillTarget / 2 && _fillTarget < _fillLimit && pool.Available > pool.Capacity / 2 + _fillTarget)
        {
            missing += Math.Min(_fillTarget, _fillLimit - _fillTarget);
            _fillTarget = Math.Min(2 * _fillTarget, _fillLimit);
        }
        uint granted = Socket.Fill.Reserve((uint)missing, out uint index);
        uint filled = 0;
        while (filled < granted && pool.TryTake(out ulong address))
        {
            Socket.Fill[index + filled] = address;
            _owners.Set(address, Id);
            filled++;
        }
        if (filled == 0 && granted == 0) return;
        Socket.Fill.Submit(filled);
        Counters.FramesFilled += filled;
        if (Socket.ZeroCopy && Socket.Fill.NeedsWakeup) Socket.WakeFill();
    }

    /// <summary>Copies up to <paramref name="batch"/>.Length received descriptors and gives their ring entries back.</summary>
    internal int Receive(Span<XdpDescriptor> batch)
    {
        uint count = Socket.Rx.Peek((uint)batch.Length, out uint index);
        if (count == 0) return 0;
        for (uint i = 0; i < count; i++) batch[(int)i] = Socket.Rx[index + i];
        // A packet cut off by the end of the batch stays in the ring.
        while (count > 0 && batch[(int)count - 1].IsContinued) count--;
        for (uint i = 0; i < count; i++) _owners.Set(batch[(int)i].Address, 0);
        Socket.Rx.Release(count);
        Counters.FramesReceived += count;
        return (int)count;
    }

    /// <summary>Puts a packet into the TX ring; false when there is no room. Frames belong to the kernel from then on.</summary>
    internal bool TryQueue(ReadOnlySpan<XdpDescriptor> packet, int bytes)
    {
        var tx = Socket.Tx;
        uint granted = tx.Reserve((uint)packet.Length, out uint index);
        if (granted < (uint)packet.Length)
        {
            tx.Submit(_pending); // voids what was just granted, and sends what is written
            _pending = 0;
            return false;
        }
        for (int i = 0; i < packet.Length; i++)
        {
            tx[index + (uint)i] = packet[i];
            _owners.Set(packet[i].Address, Id);
        }
        _pending += (uint)packet.Length;
        Counters.FramesSent += (uint)packet.Length;
        Counters.TxPackets++;
        Counters.TxBytes += (uint)bytes;
        return true;
    }

    /// <summary>
    /// Has the kernel send what is queued. One call sends up to the budget; it is repeated until the ring is empty, or the kernel
    /// has not moved on for some calls: then the rest stays for the next loop.
    /// </summary>
    internal void Flush(FramePool pool, WorkerCounters counters)
    {
        if (_pending != 0)
        {
            Socket.Tx.Submit(_pending);
            _pending = 0;
        }
        uint outstanding = Socket.Tx.Outstanding;
        int idle = 0;
        while (outstanding != 0)
        {
            var error = Socket.Kick();
            counters.Kicks++;
            Complete(pool);
            if (error is not (Errno.None or Errno.EAGAIN))
            {
                Counters.TxErrors++;
                counters.Drop(DropReason.TransmitFailed, TrafficDirection.None, 0);
                if (error is not (Errno.EBUSY or Errno.ENOBUFS))
                {
                    IsGone = error is Errno.ENXIO or Errno.ENODEV; // its removal frees the frames
                    return;
                }
            }
            uint left = Socket.Tx.Outstanding;
            if (left == outstanding && ++idle == MaxIdleKicks) return;
            outstanding = left;
        }
        Complete(pool);
    }

    /// <summary>Takes back frames whose packets the kernel has sent.</summary>
    internal void Complete(FramePool pool)
    {
        while (true)
        {
            uint count = Socket.Completion.Peek(256, out uint index);
            if (count == 0) return;
            for (uint i = 0; i < count; i++)
            {
                ulong address = Socket.Completion[index + i];
                _owners.Set(address, 0);
                pool.Return(address);
            }
            Socket.Completion.Release(count);
            Counters.FramesCompleted += count;
        }
    }

    /// <summary>
    /// Closes the socket and takes back every frame the kernel held of it, also those that it had taken from the fill ring and never
    /// delivered (they are in no ring).
    /// </summary>
    internal void Close(FramePool pool)
    {
        Socket.Dispose();
        _owners.Reclaim(Id, pool);
        Counters.FramesReceived = Counters.FramesFilled;
        Counters.FramesCompleted = Counters.FramesSent;
    }
}
