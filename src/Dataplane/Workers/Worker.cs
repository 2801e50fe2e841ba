using System.Collections.Concurrent;
using System.Diagnostics;
using Dataplane.Conntrack;
using Dataplane.Packets;
using Dataplane.Stages;
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
    // Entries looked at per loop: bounded work. And one for every packet carried: a connection of the shortest kind has more packets than
    // it has visits (it ends, its other end ends, its time is over), so that a flood of them is cleared away as fast as it comes.
    private const int ExpiryBudget = 32;

    private readonly DataplaneEngine _engine;
    private readonly WorkerOptions _options;
    private readonly Umem _umem;
    private readonly FramePool _pool;
    private readonly Lanes _lanes;
    private readonly Transmitter _transmitter;
    private readonly BatchCarrier _carrier;
    private readonly WorkerTaps _taps;
    private readonly WaitSet _waits = new();
    private readonly ConcurrentQueue<Action<Worker>> _commands = new();
    private readonly XdpDescriptor[] _handedOver = new XdpDescriptor[XdpDescriptor.MaxPerPacket];
    private readonly Thread _thread;
    private readonly long _spinTicks;
    private Port[] _ports = [];
    private HandoffRing[] _inbox = [];
    private int _sleeping;
    private bool _stop;

    internal Worker(int id, DataplaneEngine engine, WorkerOptions options, PathContext<IPv4Address> v4, PathContext<IPv6Address>? v6)
    {
        Id = id;
        _engine = engine;
        _options = options;
        _umem = engine.Umem;
        _pool = new FramePool(engine.Umem.FrameCount, engine.SharedFrames);
        _transmitter = new Transmitter(id, engine.Umem, _pool, Counters);
        _lanes = new Lanes(new Lane<IPv4Address>(v4), v6 is null ? null : new Lane<IPv6Address>(v6));
        _taps = new WorkerTaps(Counters, engine.Umem);
        _carrier = new BatchCarrier(engine, _lanes, _transmitter, _taps, Counters);
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
        _lanes.Begin(_engine.Tables, _engine.Clock.Seconds);
        Probe(probes, _lanes.V4.Context);
    }

    internal void Probe(FlowProbe<IPv6Address>[] probes)
    {
        _lanes.Begin(_engine.Tables, _engine.Clock.Seconds);
        if (_lanes.CarriesV6) Probe(probes, _lanes.V6!.Context);
    }

    private void Probe<TAddress>(FlowProbe<TAddress>[] probes, PathContext<TAddress> path)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        foreach (var probe in probes)
        {
            if (!_pool.TryTake(out ulong address)) return;
            var info = new PacketInfo<TAddress> { Start = Umem.RxHeadroom };
            var packet = new Packet<TAddress>(_umem.Frame(address), ref info);
            var verdict = TcpProbe.Run(ref packet, path, probe);
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
            _lanes.GoOffline(); // the others must not wait for it before they recycle flows
            _options.Failed?.Invoke(Id, e);
        }
    }

    private void RunLoop()
    {
        if (_options.Cpu >= 0) CpuAffinity.Pin(_options.Cpu);
        _lanes.Quiescent();
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
        _lanes.Begin(_engine.Tables, now);
        ulong carried = Counters.Packets;
        var ports = _ports;
        foreach (var port in ports)
        {
            worked |= _carrier.Carry(port);
            port.Refill(_pool);
        }
        worked |= TakeHandovers();
        foreach (var port in ports)
        {
            if (port.HasTransmitWork) port.Flush(_pool, Counters);
        }
        WakeOthers();
        _lanes.Expire(now, ExpiryBudget + (int)(Counters.Packets - carried));
        _lanes.Quiescent();
        _pool.Balance(_engine.FramesPerWorker);
        return worked;
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
            _lanes.GoOffline();
            Counters.Sleeps++;
            _waits.Wait(sending ? 1 : _options.SleepMilliseconds);
            _lanes.Quiescent();
        }
        Volatile.Write(ref _sleeping, 0);
    }

    private bool RunCommands()
    {
        while (_commands.TryDequeue(out var command)) command(this);
        return true;
    }
}
