using Dataplane.Conntrack;
using Dataplane.Packets;
using Dataplane.Tables;
using Xdp.Interop;

namespace Dataplane.Workers;

/// <summary>
/// Everything that carries packets: UMEM, workers, ports and the tables they read. Control drives it; its methods are for one
/// control thread at a time, and none is on the packet path but the three accessors workers use.
/// </summary>
public sealed class DataplaneEngine : IDisposable
{
    /// <summary>Port numbers are below this.</summary>
    public const int MaxPorts = 4096;

    private const int PatienceMilliseconds = 1000;
    private const int ProbesPerRound = 64; // of a worker, between two batches

    private readonly Port?[] _ports = new Port?[MaxPorts];
    private readonly Lock _closing = new();
    private readonly FrameOwners _owners;
    private DataplaneTables _tables;
    private int _lastId;

    /// <param name="options">Sizes.</param>
    /// <param name="conntrack">Flows of all workers.</param>
    /// <param name="conntrackV6">Flows of IPv6; null where the cluster has none.</param>
    /// <param name="initial">Tables to start with.</param>
    public DataplaneEngine(EngineOptions options, ConntrackTable<IPv4Address> conntrack, ConntrackTable<IPv6Address>? conntrackV6, DataplaneTables initial)
    {
        Options = options;
        Conntrack = conntrack;
        ConntrackV6 = conntrackV6;
        Affinity = new AffinityTable<IPv4Address>(options.AffinityEntries);
        AffinityV6 = conntrackV6 is null ? null : new AffinityTable<IPv6Address>(options.AffinityEntries);
        _tables = initial;
        Umem = Umem.Create(options.Frames);
        _owners = new FrameOwners(options.Frames);
        var addresses = new ulong[options.Frames];
        for (int i = 0; i < addresses.Length; i++) addresses[i] = (ulong)i * Umem.FrameSize;
        SharedFrames = new SharedFramePool(addresses);
        FramesPerWorker = options.Frames / (2 * options.Workers);

        Workers = new Worker[options.Workers];
        for (int i = 0; i < Workers.Length; i++)
        {
            var path = new PathContext<IPv4Address>(conntrack, conntrack.Writer(i), new FragmentTable<IPv4Address>(), Affinity, (ulong)Random.Shared.NextInt64());
            var pathV6 = conntrackV6 is null ? null
                : new PathContext<IPv6Address>(conntrackV6, conntrackV6.Writer(i), new FragmentTable<IPv6Address>(), AffinityV6!, (ulong)Random.Shared.NextInt64());
            Workers[i] = new Worker(i, this, options.Worker with { Cpu = options.Cpus.Length > i ? options.Cpus[i] : -1 }, path, pathV6);
        }
        Connect();
        foreach (var worker in Workers) worker.Start();
    }

    /// <summary>Sizes.</summary>
    public EngineOptions Options { get; }

    /// <summary>Flows of all workers.</summary>
    public ConntrackTable<IPv4Address> Conntrack { get; }

    /// <summary>Flows of IPv6; null where the cluster has none.</summary>
    public ConntrackTable<IPv6Address>? ConntrackV6 { get; }

    /// <summary>Which endpoints of services clients had, for all workers.</summary>
    public AffinityTable<IPv4Address> Affinity { get; }

    /// <summary>The same of IPv6.</summary>
    public AffinityTable<IPv6Address>? AffinityV6 { get; }

    /// <summary>The threads.</summary>
    public Worker[] Workers { get; }

    /// <summary>Memory of all frames.</summary>
    public Umem Umem { get; }

    /// <summary>The tables that workers take at their next batch.</summary>
    public DataplaneTables Tables => Volatile.Read(ref _tables);

    /// <summary>The clock that conntrack counts by.</summary>
    public CoarseClock Clock { get; } = new();

    internal SharedFramePool SharedFrames { get; }

    internal int FramesPerWorker { get; }

    /// <summary>Has all workers use new tables from their next batch on.</summary>
    public void Publish(DataplaneTables tables) => Volatile.Write(ref _tables, tables);

    /// <summary>The port with a number, or null.</summary>
    public Port? PortById(ushort id) => id < MaxPorts ? Volatile.Read(ref _ports[id]) : null;

    /// <summary>All ports.</summary>
    public IEnumerable<Port> Ports => _ports.OfType<Port>();

    /// <summary>
    /// Opens a socket on a device queue and gives it to the worker with the fewest ports. Packets flow once the device's program finds
    /// the socket in its map.
    /// </summary>
    /// <exception cref="XdpException">The kernel refused the socket.</exception>
    /// <exception cref="InvalidOperationException">All port numbers are in use.</exception>
    /// <param name="kind">What is on the other side.</param>
    /// <param name="name">For people and metrics.</param>
    /// <param name="ifindex">The device.</param>
    /// <param name="queue">Its queue.</param>
    /// <param name="socketOptions">Ring sizes and features.</param>
    /// <param name="siblings">Queues of the device that share the frames of its kind.</param>
    public Port AddPort(PortKind kind, string name, int ifindex, uint queue, XskSocketOptions socketOptions, int siblings = 1)
    {
        int id = NextFreeId();
        var socket = XskSocket.Open(Umem, ifindex, queue, socketOptions);
        var port = new Port((ushort)id, kind, name, socket, _owners, kind == PortKind.Uplink ? Math.Max(Options.UplinkFill / siblings, Options.Fill / 2) : Options.Fill);
        port.Worker = Workers.Where(w => w.IsAlive).DefaultIfEmpty(Workers[0]).MinBy(w => Ports.Count(p => p.Worker == w.Id))!.Id;
        Volatile.Write(ref _ports[id], port);
        try
        {
            OnWorker(port.Worker, w => w.Attach(port));
        }
        catch
        {
            Volatile.Write(ref _ports[id], null);
            socket.Dispose();
            throw;
        }
        return port;
    }

    /// <summary>Closes a port and takes its frames back; returns when that is done.</summary>
    public void RemovePort(Port port)
    {
        lock (_closing)
        {
            Volatile.Write(ref _ports[port.Id], null);
            OnWorker(port.Worker, w => w.Detach(port));
        }
    }

    /// <summary>
    /// Has ends of TCP connections, whose other end is gone, say where they are, so that they can be told. Returns at once; frames that are
    /// lacking, or a full ring, are no harm: then they learn of it when they send something themselves.
    /// </summary>
    public void Probe(IReadOnlyList<FlowProbe<IPv4Address>> probes) => Probe(probes, static (w, part) => w.Probe(part));

    /// <inheritdoc cref="Probe(IReadOnlyList{FlowProbe{IPv4Address}})"/>
    public void Probe(IReadOnlyList<FlowProbe<IPv6Address>> probes) => Probe(probes, static (w, part) => w.Probe(part));

    private void Probe<TAddress>(IReadOnlyList<FlowProbe<TAddress>> probes, Action<Worker, FlowProbe<TAddress>[]> run)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        for (int i = 0, worker = 0; i < probes.Count; i += ProbesPerRound, worker = (worker + 1) % Workers.Length)
        {
            FlowProbe<TAddress>[] part = [.. probes.Skip(i).Take(ProbesPerRound)];
            Workers[worker].Post(w => run(w, part));
        }
    }

    /// <summary>Where all frames are.</summary>
    public FrameAccount AccountFrames()
    {
        lock (_closing) return Account(); // rings that it looks into must not be unmapped meanwhile
    }

    private FrameAccount Account()
    {
        long free = SharedFrames.Count, held = 0, fill = 0, receive = 0, transmit = 0;
        foreach (var worker in Workers)
        {
            free += worker.FreeFrames;
            held += worker.HandedOverFrames;
        }
        foreach (var port in Ports)
        {
            long inFill = port.Socket.Fill.Outstanding;
            fill += inFill;
            receive += (long)(port.Counters.FramesFilled - port.Counters.FramesReceived) - inFill;
            transmit += (long)(port.Counters.FramesSent - port.Counters.FramesCompleted);
        }
        return new FrameAccount(Umem.FrameCount, free, fill, receive, transmit, held);
    }

    /// <summary>Stops the workers, closes all ports and frees the memory.</summary>
    public void Dispose()
    {
        foreach (var worker in Workers) worker.Dispose();
        Umem.Dispose();
    }

    // Every worker has a ring to every other: each has one writer and one reader.
    private void Connect()
    {
        int n = Workers.Length;
        var rings = new HandoffRing?[n, n];
        for (int from = 0; from < n; from++)
        {
            for (int to = 0; to < n; to++) rings[from, to] = from == to ? null : new HandoffRing(Options.HandoffRing);
        }
        for (int i = 0; i < n; i++)
        {
            Workers[i].Connect(
                [.. Enumerable.Range(0, n).Select(from => rings[from, i]).OfType<HandoffRing>()],
                [.. Enumerable.Range(0, n).Select(to => rings[i, to])]);
        }
    }

    // Numbers go round, so that one is not used again while a packet may still be on its way to its former owner.
    private int NextFreeId()
    {
        for (int i = 1; i < MaxPorts; i++)
        {
            int id = 1 + (_lastId + i - 1) % (MaxPorts - 1);
            if (_ports[id] is not null) continue;
            _lastId = id;
            return id;
        }
        throw new InvalidOperationException($"all {MaxPorts - 1} port numbers are in use; delete endpoints first");
    }

    private void OnWorker(int worker, Action<Worker> action)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Workers[worker].Post(w =>
        {
            try
            {
                action(w);
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        while (Task.WaitAny([done.Task], PatienceMilliseconds) < 0)
        {
            if (!Workers[worker].IsAlive) throw new InvalidOperationException($"worker {worker} has ended; restart the process");
        }
        done.Task.GetAwaiter().GetResult();
    }
}
