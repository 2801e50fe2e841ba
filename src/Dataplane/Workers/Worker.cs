using System.Collections.Concurrent;
using System.Diagnostics;
using Dataplane.Conntrack;
using Dataplane.Packets;
using Dataplane.Stages;
using Dataplane.Tables;
using Dataplane.Telemetry;
using Xdp.Interop;

namespace Dataplane.Workers;

/// <summary>
/// A thread that carries packets from start to end: take a batch from each of its ports, run the path, send, give the kernel frames
/// again. It sleeps when there is nothing to do: a small node must not lose a CPU to polling. After start-up it allocates nothing and
/// takes no lock.
/// </summary>
public sealed class Worker : IDisposable
{
    private const int HandoverBudget = 256; // packets per ring and loop: a busy peer must not keep us from our own ports
    private const int ExpiryBudget = 32; // entries per loop: bounded work, and far more than arrive

    private readonly DataplaneEngine _engine;
    private readonly WorkerOptions _options;
    private readonly Umem _umem;
    private readonly FramePool _pool;
    private readonly PathContext<IPv4Address> _path;
    private readonly PacketBatch<IPv4Address> _batch = new();
    private readonly Transmitter _transmitter;
    private readonly Coalescer _coalescer;
    private readonly WorkerTaps _taps;
    private readonly WaitSet _waits = new();
    private readonly ConcurrentQueue<Action<Worker>> _commands = new();
    private readonly XdpDescriptor[] _handedOver = new XdpDescriptor[XdpDescriptor.MaxPerPacket];
    private readonly ulong[] _hashes = new ulong[PacketBatch<IPv4Address>.Capacity];
    private readonly Thread _thread;
    private readonly long _spinTicks;
    private Port[] _ports = [];
    private HandoffRing[] _inbox = [];
    private int _sleeping;
    private bool _stop;

    internal Worker(int id, DataplaneEngine engine, WorkerOptions options, PathContext<IPv4Address> path)
    {
        Id = id;
        _engine = engine;
        _options = options;
        _umem = engine.Umem;
        _path = path;
        _pool = new FramePool(engine.Umem.FrameCount, engine.SharedFrames);
        _transmitter = new Transmitter(id, engine.Umem, _pool, Counters);
        _coalescer = new Coalescer(_transmitter, engine.Umem, Counters);
        _taps = new WorkerTaps(Counters, engine.Umem);
        _spinTicks = options.SpinMicroseconds * Stopwatch.Frequency / 1_000_000;
        _thread = new Thread(Loop) { IsBackground = true, Name = $"worker-{id}", Priority = ThreadPriority.Highest };
    }

    /// <summary>Its number, from 0.</summary>
    public int Id { get; }

    /// <summary>CPU it is pinned to; -1 for none.</summary>
    public int Cpu => _options.Cpu;

    /// <summary>False once its thread has ended.</summary>
    public bool IsAlive => _thread.IsAlive;

    /// <summary>What ended the thread, if something did.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>What it counts.</summary>
    public WorkerCounters Counters { get; } = new();

    /// <summary>New flows and drops, for one reader.</summary>
    public FlowEventRing Events => _taps.Events;

    /// <summary>Free frames it holds.</summary>
    public int FreeFrames => _pool.Count;

    /// <summary>Frames that others have handed to it and that it has not sent yet.</summary>
    public int HandedOverFrames
    {
        get
        {
            int count = 0;
            foreach (var ring in _inbox) count += ring.Count;
            return count;
        }
    }

    /// <summary>Starts or, with null, ends a capture; the worker sees it at its next batch.</summary>
    public CaptureRing? Capture
    {
        get => _taps.Capture;
        set => _taps.Capture = value;
    }

    internal void Connect(HandoffRing[] inbox, HandoffRing?[] outboxes)
    {
        _inbox = inbox;
        _transmitter.Handoffs = outboxes;
    }

    internal void Start() => _thread.Start();

    /// <summary>Ends the thread and closes its ports.</summary>
    public void Dispose()
    {
        Volatile.Write(ref _stop, true);
        _waits.Wake();
        _thread.Join();
        foreach (var port in _ports) port.Close(_pool);
        _ports = [];
        _waits.Dispose();
    }

    /// <summary>Has the worker do something between two batches. Any thread; it may allocate, so not for the packet path.</summary>
    internal void Post(Action<Worker> command)
    {
        _commands.Enqueue(command);
        _waits.Wake();
    }

    /// <summary>Wakes the worker if it sleeps. The caller has written to its inbox, and fenced.</summary>
    internal void WakeIfSleeping()
    {
        if (Volatile.Read(ref _sleeping) != 0) _waits.Wake();
    }

    internal void Attach(Port port)
    {
        port.Refill(_pool);
        _waits.Add(port.Socket.Fd, port.Id);
        _ports = [.. _ports, port];
    }

    internal void Detach(Port port)
    {
        _ports = [.. _ports.Where(p => p != port)];
        _waits.Remove(port.Socket.Fd);
        port.Flush(_pool, Counters);
        port.Close(_pool);
    }

    internal void Probe(FlowProbe<IPv4Address>[] probes)
    {
        var tables = _engine.Tables;
        _path.Begin(tables, tables.IPv4, _engine.Clock.Seconds);
        foreach (var probe in probes)
        {
            if (!_pool.TryTake(out ulong address)) return;
            var info = new PacketInfo<IPv4Address> { Start = Umem.RxHeadroom };
            var packet = new Packet<IPv4Address>(_umem.Frame(address), ref info);
            var verdict = TcpProbe.Run(ref packet, _path, probe);
            _handedOver[0] = new XdpDescriptor(address, 0);
            if (verdict.Kind == VerdictKind.Forward) _transmitter.Send(_engine.PortById(verdict.Port), _handedOver.AsSpan(0, 1), ref info);
            else _transmitter.Free(_handedOver.AsSpan(0, 1));
        }
    }

    // A fault here is a bug. It ends the thread, /healthz says so, and pods fail closed; it must not take control with it.
    private void Loop()
    {
        try
        {
            RunLoop();
        }
        catch (Exception e)
        {
            Failure = e;
            _path.Flows.Offline(); // the others must not wait for it before they recycle flows
            _options.Failed?.Invoke(Id, e);
        }
    }

    private void RunLoop()
    {
        if (_options.Cpu >= 0) CpuAffinity.Pin(_options.Cpu);
        _path.Flows.Quiescent();
        long idleSince = Stopwatch.GetTimestamp();
        while (!Volatile.Read(ref _stop))
        {
            long start = Stopwatch.GetTimestamp();
            bool worked = Step();
            long now = Stopwatch.GetTimestamp();
            if (worked)
            {
                Counters.BusyTicks += (ulong)(now - start);
                idleSince = now;
            }
            else if (now - idleSince >= _spinTicks)
            {
                Sleep();
                idleSince = Stopwatch.GetTimestamp();
            }
        }
    }

    // One round over everything. True when there was something to do.
    private bool Step()
    {
        bool worked = !_commands.IsEmpty && RunCommands();
        uint now = _engine.Clock.Seconds;
        var tables = _engine.Tables;
        _path.Begin(tables, tables.IPv4, now);
        var ports = _ports;
        foreach (var port in ports)
        {
            if (_batch.Receive(port, _umem) != 0)
            {
                ProcessBatch();
                worked = true;
            }
            port.Refill(_pool);
        }
        worked |= TakeHandovers();
        foreach (var port in ports)
        {
            if (port.HasTransmitWork) port.Flush(_pool, Counters);
        }
        WakeOthers();
        _path.Flows.Expire(now, ExpiryBudget);
        _path.Flows.Quiescent();
        _pool.Balance(_engine.FramesPerWorker);
        return worked;
    }

    private void ProcessBatch()
    {
        var batch = _batch;
        Counters.Batches++;
        Counters.Packets += (uint)batch.Count;
        _taps.BeginBatch();
        for (int i = 0; i < batch.Count; i++)
        {
            _taps.Incoming(i, batch.Frames(i), ref batch.Info(i));
            var packet = new Packet<IPv4Address>(_umem.Frame(batch.Frames(i)[0].Address), ref batch.Info(i));
            batch.VerdictOf(i) = PacketPath<IPv4Address>.Prepare(ref packet, _path);
            _hashes[i] = batch.Info(i).Hash;
        }
        // For one or two packets there is nothing to overlap.
        if (batch.Count > 2) _path.Conntrack.Prefetch(_hashes.AsSpan(0, batch.Count));
        for (int i = 0; i < batch.Count; i++)
        {
            ref var verdict = ref batch.VerdictOf(i);
            ref var info = ref batch.Info(i);
            int length = info.TotalLength;
            if (!verdict.IsFinal)
            {
                var packet = new Packet<IPv4Address>(_umem.Frame(batch.Frames(i)[0].Address), ref info);
                verdict = PacketPath<IPv4Address>.Run(ref packet, _path);
            }
            Finish(i, verdict, ref info, length);
        }
        _coalescer.Flush();
        _taps.EndBatch();
    }

    private void Finish(int index, Verdict verdict, ref PacketInfo<IPv4Address> info, int length)
    {
        var frames = _batch.Frames(index);
        var direction = verdict.Direction != TrafficDirection.None ? verdict.Direction
            : info.Origin == PacketOrigin.Pod ? TrafficDirection.Egress : TrafficDirection.Ingress;
        var reason = info.ReplyReason; // a packet that became an ICMP error did die
        if (verdict.Kind == VerdictKind.Drop)
        {
            reason = verdict.Reason;
            _transmitter.Free(frames);
        }
        else
        {
            _taps.Outgoing(verdict.Port, frames, ref info);
            var port = _engine.PortById(verdict.Port);
            var failure = info.Origin is PacketOrigin.Overlay or PacketOrigin.Uplink && port is not null && _coalescer.Offer(port, frames, ref info)
                ? DropReason.None
                : _transmitter.Send(port, frames, ref info);
            if (failure != DropReason.None)
            {
                verdict = Verdict.Drop(failure, direction);
                reason = failure;
            }
        }
        if (reason != DropReason.None) Counters.Drop(reason, direction, length);
        _taps.Ended(index, verdict, reason, direction, ref info, length);
    }

    private bool TakeHandovers()
    {
        bool any = false;
        foreach (var ring in _inbox)
        {
            int count, budget = HandoverBudget;
            while (budget-- > 0 && (count = ring.TryRead(_handedOver, out ushort id, out int bytes)) != 0)
            {
                any = true;
                var frames = _handedOver.AsSpan(0, count);
                var port = _engine.PortById(id);
                var reason = DropReason.PortGone;
                if (port is null || port.Worker != Id) _transmitter.Free(frames);
                else reason = _transmitter.Queue(port, frames, bytes);
                if (reason != DropReason.None) Counters.Drop(reason, TrafficDirection.None, bytes);
            }
        }
        return any;
    }

    private void WakeOthers()
    {
        ulong others = _transmitter.HandedOver;
        if (others == 0) return;
        _transmitter.HandedOver = 0;
        Interlocked.MemoryBarrier(); // what was handed over is visible before we look whether they sleep
        for (int i = 0; others != 0; i++, others >>= 1)
        {
            if ((others & 1) != 0) _engine.Workers[i].WakeIfSleeping();
        }
    }

    private void Sleep()
    {
        Volatile.Write(ref _sleeping, 1);
        Interlocked.MemoryBarrier(); // pairs with WakeOthers: either they see that we sleep, or we see what they wrote
        if (_commands.IsEmpty && HandedOverFrames == 0)
        {
            bool sending = false;
            foreach (var port in _ports) sending |= port.Socket.Tx.Outstanding != 0;
            _path.Flows.Offline();
            Counters.Sleeps++;
            _waits.Wait(sending ? 1 : _options.SleepMilliseconds);
            _path.Flows.Quiescent();
        }
        Volatile.Write(ref _sleeping, 0);
    }

    private bool RunCommands()
    {
        while (_commands.TryDequeue(out var command)) command(this);
        return true;
    }
}
