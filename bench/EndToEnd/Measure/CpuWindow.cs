using System.Diagnostics;
using System.Globalization;

namespace Dataplane.Bench.EndToEnd.Measure;

/// <summary>
/// Watches the machine while a workload runs: totals from /proc/stat at both ends, and every 100 ms where the threads of the
/// named processes run. Tick accounting (1/100 s) is coarse: believe it from about half a second of CPU time on.
/// </summary>
internal sealed class CpuWindow : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);
    private readonly HashSet<int> _dataplane;
    private readonly Dictionary<int, string> _watched = [];
    private readonly Dictionary<string, long> _threadTicks = [];
    private readonly Dictionary<(string Process, int Core), long> _shares = [];
    private readonly ManualResetEventSlim _stop = new();
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly CpuTimes[] _startTimes;
    private readonly long _startForeign;
    private readonly long _startDataplane;
    private readonly Thread _sampling;

    internal CpuWindow(IEnumerable<NamedProcess> processes, IEnumerable<NamedProcess> dataplane)
    {
        _dataplane = [.. dataplane.Select(p => p.Process.Id)];
        var all = ProcStat.All();
        foreach (var (name, process) in processes)
        {
            var id = process.Id;
            _watched[id] = name;
            foreach (var child in all.Keys.Where(k => k != id && ProcStat.Descends(all, k, id)))
            {
                _watched[child] = name;
            }
        }

        Sample();
        _shares.Clear();
        _startForeign = Foreign(all);
        _startDataplane = DataplaneTicks(all);
        _startTimes = CpuTimes.Read();
        _sampling = new Thread(SampleUntilStopped) { IsBackground = true };
        _sampling.Start();
    }

    /// <summary>Watches a process that started meanwhile.</summary>
    internal void Add(string name, int id)
    {
        lock (_watched)
        {
            _watched[id] = name;
        }
    }

    internal CpuUse Stop()
    {
        var end = CpuTimes.Read();
        var wall = _watch.Elapsed.TotalSeconds;
        _stop.Set();
        _sampling.Join();
        Sample();
        var all = ProcStat.All();
        double Sum(Func<CpuTimes, long> of) => end.Zip(_startTimes, (e, s) => of(e) - of(s)).Sum() / ProcStat.TicksPerSecond;
        return new CpuUse(
            wall, Sum(t => t.Busy), Sum(t => t.SoftIrq), Sum(t => t.Steal),
            (DataplaneTicks(all) - _startDataplane) / ProcStat.TicksPerSecond,
            Math.Max(0, Foreign(all) - _startForeign) / ProcStat.TicksPerSecond,
            [.. end.Zip(_startTimes, (e, s) => (e.Busy - s.Busy) / ProcStat.TicksPerSecond / wall)],
            [.. _shares.Select(s => new CoreShare(s.Key.Process, s.Key.Core, s.Value / ProcStat.TicksPerSecond / wall))
                .Where(s => s.Share >= 0.02).OrderBy(s => s.Process, StringComparer.Ordinal).ThenBy(s => s.Core)]);
    }

    /// <summary>Ends the sampling, also after a failure.</summary>
    public void Dispose()
    {
        _stop.Set();
        _sampling.Join();
        _stop.Dispose();
    }

    private void SampleUntilStopped()
    {
        while (!_stop.Wait(Period))
            Sample();
    }

    // The ticks since the last look go to the core the thread is on now: right on average.
    private void Sample()
    {
        KeyValuePair<int, string>[] watched;
        lock (_watched)
        {
            watched = [.. _watched];
        }

        foreach (var (id, name) in watched)
        {
            try
            {
                foreach (var thread in Directory.EnumerateDirectories($"/proc/{id}/task"))
                {
                    if (ProcStat.Read(thread + "/stat") is { } stat)
                    {
                        var known = _threadTicks.GetValueOrDefault(thread);
                        _threadTicks[thread] = stat.Ticks;
                        var key = (name, stat.Processor);
                        _shares[key] = _shares.GetValueOrDefault(key) + stat.Ticks - known;
                    }
                }
            }
            catch (IOException)
            {
                // Ended between two looks.
            }
        }
    }

    private long DataplaneTicks(Dictionary<int, ProcStat> all) => _dataplane.Sum(id => all.TryGetValue(id, out var stat) ? stat.Ticks : 0);

    // All that is neither of this bench nor a kernel thread (those work for whoever sends packets; kthreadd is 2).
    // With the children's time counted, a process that ended is still in its parent's sum.
    private static long Foreign(Dictionary<int, ProcStat> all) => all
        .Where(p => p.Key != 2 && p.Value.Parent != 2 && !ProcStat.Descends(all, p.Key, Environment.ProcessId))
        .Sum(p => p.Value.Ticks + p.Value.ChildTicks);
}
