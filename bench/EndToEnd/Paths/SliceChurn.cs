using System.Diagnostics;
using Dataplane.Testing.Clusters;

namespace Dataplane.Bench.EndToEnd.Paths;

/// <summary>
/// Changes the endpoints of a service a number of times per second, on a thread of its own: each change takes one endpoint out and puts another in. At
/// least half of them are in the service at any time, and what is out keeps running.
/// </summary>
internal sealed class SliceChurn : IDisposable
{
    private readonly ManifestDirectory _manifests;
    private readonly BenchService _service;
    private readonly string _file;
    private readonly Random _random = new(1);
    private readonly Lock _lock = new();
    private readonly ManualResetEventSlim _stop = new();
    private readonly List<BenchBackend> _in;
    private readonly List<BenchBackend> _out = [];
    private readonly Thread _thread;
    private int _changes;

    /// <param name="manifests">Where the slice is written.</param>
    /// <param name="service">The service with all of its endpoints.</param>
    /// <param name="file">Name of the slice's file.</param>
    /// <param name="perSecond">Changes per second.</param>
    public SliceChurn(ManifestDirectory manifests, BenchService service, string file, double perSecond)
    {
        (_manifests, _service, _file) = (manifests, service, file);
        _in = [.. service.Backends];
        _thread = new Thread(() => Run(TimeSpan.FromSeconds(1 / perSecond))) { IsBackground = true, Name = "churn" };
        _thread.Start();
    }

    /// <summary>Changes so far.</summary>
    public int Changes => Volatile.Read(ref _changes);

    /// <summary>Takes endpoints out for good.</summary>
    public void Remove(IReadOnlyCollection<BenchBackend> gone)
    {
        lock (_lock)
        {
            _in.RemoveAll(gone.Contains);
            _out.RemoveAll(gone.Contains);
            Write();
        }
    }

    /// <summary>Stops, and puts all endpoints in.</summary>
    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
        _stop.Dispose();
        _in.AddRange(_out);
        _out.Clear();
        Write();
    }

    private void Run(TimeSpan period)
    {
        var clock = Stopwatch.StartNew();
        for (var next = period; !_stop.Wait(next > clock.Elapsed ? next - clock.Elapsed : TimeSpan.Zero); next += period)
        {
            lock (_lock)
            {
                var half = (_in.Count + _out.Count + 1) / 2;
                if (_out.Count > 0)
                    Move(_out, _in);
                if (_in.Count > half)
                    Move(_in, _out);
                if (_in.Count > half && _random.Next(2) == 0)
                    Move(_in, _out);
                Write();
            }
        }
    }

    private void Move(List<BenchBackend> from, List<BenchBackend> to)
    {
        var index = _random.Next(from.Count);
        to.Add(from[index]);
        from.RemoveAt(index);
    }

    private void Write()
    {
        _manifests.Apply(_file, Manifests.Slice(_service, 1, _in));
        Interlocked.Increment(ref _changes);
    }
}
