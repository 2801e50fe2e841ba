using System.Diagnostics;
using Dataplane.Conntrack;
using Dataplane.Contracts.V1;
using Dataplane.Control.Compile;
using Dataplane.Control.Metrics;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Workers;
using Microsoft.Extensions.Logging;

namespace Dataplane.Control.Apply;

/// <summary>
/// Sees to flows whose endpoints have gone. UDP flows to an endpoint that its service has lost are forgotten, so that the next datagram finds
/// another (K24), and those of services that are gone; TCP connections with a pod that is gone are ended for who is left (K25). One look at the whole table for all changes that
/// come together, on a thread of its own: packets never wait for it.
/// </summary>
internal sealed class FlowSweeper : IDisposable
{
    private const int IntervalMilliseconds = 200;

    // A kernel answers two segments that are out of its window only if they are half a second apart (net.ipv4.tcp_invalid_ratelimit), and any
    // packet may be lost: who was asked once in vain is asked once more.
    private const int ProbeAgainMilliseconds = 1000;

    // Ten thousand at once would be ten thousand answers at once, for which the ports of the few pods that give them have no frames.
    private const int ProbesAtOnce = 64, ProbeMilliseconds = 10;

    private readonly DataplaneEngine _engine;
    private readonly ILogger _log;
    private readonly Lock _lock = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly Thread _thread;
    private HashSet<IPv6Address> _departed = [];
    private StaleFlows _stale = new();
    private readonly PriorityQueue<Action, long> _probes = new(); // by when they are due, of Environment.TickCount64
    private bool _stop;

    public FlowSweeper(DataplaneEngine engine, ILogger log)
    {
        _engine = engine;
        _log = log;
        Metrics = new SweepMetrics(dualStack: engine.ConntrackV6 is not null);
        _thread = new Thread(Run) { IsBackground = true, Name = "flows" };
        _thread.Start();
    }

    /// <summary>Looks at the table, how long they took, and what came of them.</summary>
    public SweepMetrics Metrics { get; }

    /// <summary>Compares two states, and has done what follows for flows soon.</summary>
    /// <param name="before">The state so far.</param>
    /// <param name="after">The state from now on.</param>
    /// <param name="attached">See <see cref="FlowChanges.Departed"/>.</param>
    /// <param name="vacant">Addresses that have flows and no pod, whatever the states say of them.</param>
    public void Changed(DesiredState before, DesiredState after, Func<IPv6Address, string?> attached, IEnumerable<IPv6Address> vacant)
    {
        var departed = FlowChanges.Departed(before, after, attached);
        departed.UnionWith(vacant);
        var stale = StaleFlows.Between(before, after);
        if (departed.Count == 0 && stale.IsEmpty) return;
        lock (_lock)
        {
            _departed.UnionWith(departed);
            _stale.Add(stale);
        }
        _wake.Set();
    }

    /// <summary>A pod of this node is gone: ends its flows before it returns.</summary>
    public void Depart(AttachedEndpoint pod) => Sweep(pod.AllAddresses, new StaleFlows());

    /// <summary>A pod of this node has come: what is yet to be done about its addresses was its predecessor's, and is not to be done to it.</summary>
    /// <returns>True when there was something: it is for the caller to do it with <see cref="Depart"/> while the pod has no flows yet.</returns>
    public bool Arrive(AttachedEndpoint pod)
    {
        lock (_lock)
        {
            int waiting = _departed.Count;
            _departed.ExceptWith(pod.AllAddresses);
            return _departed.Count < waiting;
        }
    }

    /// <summary>Stops the thread.</summary>
    public void Dispose()
    {
        Volatile.Write(ref _stop, true);
        _wake.Set();
        _thread.Join();
        _wake.Dispose();
    }

    private void Run()
    {
        while (true)
        {
            _wake.WaitOne(UntilNextProbes());
            if (Volatile.Read(ref _stop)) return;
            try
            {
                ProbeWhatIsDue();
                bool any;
                lock (_lock) any = _departed.Count > 0 || !_stale.IsEmpty;
                if (!any) continue;
                Thread.Sleep(IntervalMilliseconds); // more changes may come
                HashSet<IPv6Address> departed;
                StaleFlows stale;
                lock (_lock)
                {
                    (departed, _departed) = (_departed, []);
                    (stale, _stale) = (_stale, new StaleFlows());
                }
                Sweep(departed, stale);
            }
#pragma warning disable CA1031 // A bug here must not end the thread: flows go by their timeouts then.
            catch (Exception e)
#pragma warning restore CA1031
            {
                _log.LogError(e, "sweeping flows failed");
            }
        }
    }

    // -1, for ever, when there are none.
    private int UntilNextProbes()
    {
        lock (_lock) return _probes.TryPeek(out _, out long at) ? (int)Math.Max(0, at - Environment.TickCount64) : -1;
    }

    private void ProbeWhatIsDue()
    {
        List<Action> due = [];
        lock (_lock)
        {
            while (_probes.TryPeek(out _, out long at) && at <= Environment.TickCount64) due.Add(_probes.Dequeue());
        }
        foreach (var probe in due) probe();
    }

    private void Sweep(HashSet<IPv6Address> departed, StaleFlows stale)
    {
        var (orphans, forgotten) = Sweep(_engine.Conntrack, _engine.Tables.IPv4.Services, departed, stale, _engine.Probe);
        if (_engine.ConntrackV6 is { } conntrackV6 && _engine.Tables.IPv6 is { } tablesV6)
        {
            var (orphansV6, forgottenV6) = Sweep(conntrackV6, tablesV6.Services, departed, stale, _engine.Probe);
            (orphans, forgotten) = (orphans + orphansV6, forgotten + forgottenV6);
        }
        if (orphans + forgotten > 0) _log.LogInformation("{Orphans} connections lost their peer, {Forgotten} datagram flows their endpoint", orphans, forgotten);
    }

    private (int Orphans, int Forgotten) Sweep<TAddress>(
        ConntrackTable<TAddress> conntrack, ServiceTable<TAddress> services, HashSet<IPv6Address> departed, StaleFlows stale, Action<IReadOnlyList<FlowProbe<TAddress>>> probe)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        long start = Stopwatch.GetTimestamp();
        var reader = conntrack.Reader;
        var orphans = departed.Count == 0 ? [] : reader.Orphan(e => departed.Contains(e.Reply.Source.Widen()) || departed.Contains(e.Original.Source.Widen()));
        int forgotten = stale.IsEmpty ? 0 : reader.Flush(e => stale.Contains(e, services));
        // Who waits for data would learn of it only when it sends something itself.
        List<FlowProbe<TAddress>> probes = [.. orphans.Where(e => e.State == FlowState.Established).Select(e => departed.Contains(e.Reply.Source.Widen())
            ? new FlowProbe<TAddress>(e.Original.Mirror(), (e.Flags & FlowFlags.FromUnderlay) != 0)
            : new FlowProbe<TAddress>(e.Reply.Mirror(), false))];
        Metrics.Record(TAddress.ByteLength == IPv6Address.Size, Stopwatch.GetElapsedTime(start), forgotten, orphans.Count);
        long at = Environment.TickCount64;
        foreach (var part in probes.Chunk(ProbesAtOnce))
        {
            lock (_lock)
            {
                _probes.Enqueue(() => probe(part), at);
                _probes.Enqueue(() => probe(part), at + ProbeAgainMilliseconds);
            }
            at += ProbeMilliseconds;
        }
        if (probes.Count > 0) _wake.Set();
        return (orphans.Count, forgotten);
    }
}
