using System.Diagnostics;
using Dataplane.Bench.EndToEnd.Paths;
using Dataplane.Testing.Clusters;

namespace Dataplane.Bench.EndToEnd.Soak;

/// <summary>
/// Services that nobody calls come, change and go, of both protocols, some with a node port; and the called web services get other endpoints. A thread of
/// its own, so many changes per second.
/// </summary>
internal sealed class SoakChurn : IDisposable
{
    private const int Most = 60, FirstNodePort = 31000;
    private readonly ManifestDirectory _manifests;
    private readonly IReadOnlyList<BenchService> _called;
    private readonly Random _random = new(1);
    private readonly SortedDictionary<int, BenchService> _there = [];
    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _thread;

    /// <param name="manifests">Where the objects are written.</param>
    /// <param name="called">Services with two endpoints or more, in files "slice-NAME" of their slices.</param>
    /// <param name="perSecond">Changes per second.</param>
    public SoakChurn(ManifestDirectory manifests, IReadOnlyList<BenchService> called, double perSecond)
    {
        (_manifests, _called) = (manifests, called);
        for (var i = 0; i < Most / 2; i++)
            Create();
        (Created, Deleted, Changed) = (0, 0, 0);
        _thread = new Thread(() => Run(TimeSpan.FromSeconds(1 / perSecond))) { IsBackground = true, Name = "churn" };
        _thread.Start();
    }

    /// <summary>Services made.</summary>
    public int Created { get; private set; }

    /// <summary>Services taken away.</summary>
    public int Deleted { get; private set; }

    /// <summary>Slices written anew.</summary>
    public int Changed { get; private set; }

    /// <summary>Stops, takes its services away, and gives the called ones all of their endpoints.</summary>
    public void Dispose()
    {
        if (_stop.IsSet)
            return;
        _stop.Set();
        _thread.Join();
        foreach (var number in _there.Keys)
            _manifests.Delete($"churn-{number}");
        foreach (var service in _called)
            _manifests.Apply($"slice-{service.Name}", Manifests.Slice(service, 1, service.Backends));
    }

    private void Run(TimeSpan period)
    {
        var clock = Stopwatch.StartNew();
        for (var next = period; !_stop.Wait(next > clock.Elapsed ? next - clock.Elapsed : TimeSpan.Zero); next += period)
        {
            switch (_random.Next(10))
            {
                case < 3:
                    Create();
                    break;
                case < 6:
                    Delete();
                    break;
                case < 8:
                    Write(_there.ElementAt(_random.Next(_there.Count)).Key);
                    Changed++;
                    break;
                default:
                    var called = _called[_random.Next(_called.Count)];
                    // One of them, the other, or all.
                    var one = _random.Next(called.Backends.Count + 1);
                    _manifests.Apply($"slice-{called.Name}", Manifests.Slice(called, 1, one == called.Backends.Count ? called.Backends : [called.Backends[one]]));
                    Changed++;
                    break;
            }
        }
    }

    private void Create()
    {
        if (_there.Count == Most)
            return;
        var number = Enumerable.Range(0, Most).First(i => !_there.ContainsKey(i));
        Write(number);
        Created++;
    }

    private void Delete()
    {
        if (_there.Count < 2)
            return;
        var number = _there.ElementAt(_random.Next(_there.Count)).Key;
        _there.Remove(number);
        _manifests.Delete($"churn-{number}");
        Deleted++;
    }

    private void Write(int number)
    {
        var port = new BenchServicePort("any", number % 2 == 0 ? "tcp" : "udp", 80, 8080) { NodePort = number % 4 == 0 ? FirstNodePort + number : 0 };
        var service = new BenchService($"churn-{number}", $"10.96.200.{number}", [port],
            [.. Enumerable.Range(0, 1 + _random.Next(20)).Select(i => new BenchBackend($"{number}-{i}", $"10.128.{number}.{_random.Next(8) * 20 + i}", 2))]);
        _there[number] = service;
        _manifests.Apply($"churn-{number}", Manifests.Services([service]));
    }
}
