using System.Diagnostics;
using System.Globalization;
using Dataplane.Bench.EndToEnd.Measure;
using Dataplane.Bench.EndToEnd.Parsing;
using Dataplane.Bench.EndToEnd.Paths;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;

namespace Dataplane.Bench.EndToEnd.Scale;

/// <summary>
/// One node of ours with many services, and the service "flip" whose only endpoint is one of two pods. The other node is plain Linux:
/// a second one of ours would do the same work at the same time on the same cores.
/// </summary>
internal sealed class ScaleCluster
{
    private const int ServicesPerFile = 100, Port = 9000;
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);
    private readonly BenchScope _scope;
    private readonly Cluster _cluster;
    private readonly BenchService _flip;
    private readonly int _services, _endpoints;
    private BackgroundProcess? _watch;

    public ScaleCluster(BenchScope scope, int services, int endpoints)
    {
        _scope = scope;
        _cluster = scope.Own(Cluster.Start(NodeKind.Dataplane, NodeKind.Kernel));
        Node = (DataplaneNode)_cluster.Nodes[0];
        Client = _cluster.AddPod(Node, BenchService.Namespace, "client");
        ClusterPod[] pods = [_cluster.AddPod(Node, BenchService.Namespace, "one"), _cluster.AddPod(Node, BenchService.Namespace, "two")];
        _cluster.WaitUntilPodsReady();
        for (var i = 0; i < pods.Length; i++)
            scope.StartServer($"server {pods[i].Name}", pods[i].Net, Environment.ProcessPath!, "hold-serve", $"{Port}", $"{i + 1}").Process.WaitForOutput("ready", s_patience);
        _flip = new BenchService("flip", "10.96.0.10", [new BenchServicePort("echo", "tcp", Port, Port)], [.. pods.Select(p => new BenchBackend(p.Name, p.Address, 1))]);
        var dummies = BenchService.Dummies(services - 1, services * endpoints - 1).ToList();
        (_services, _endpoints) = (services, dummies.Sum(s => s.Backends.Count) + 1);
        var file = 0;
        var clock = Stopwatch.StartNew();
        foreach (var part in dummies.Chunk(ServicesPerFile))
            _cluster.Manifests.Apply($"services-{file++:D4}", Manifests.Services(part));
        _cluster.Manifests.Apply("service-flip", Manifests.Service(_flip));
        Flip(0);
        WaitUntilProgrammed();
        FirstSeconds = clock.Elapsed.TotalSeconds;
    }

    /// <summary>The node that is measured.</summary>
    public DataplaneNode Node { get; }

    /// <summary>A pod of it.</summary>
    public ClusterPod Client { get; }

    /// <summary>Endpoints of all services together.</summary>
    public int Endpoints => _endpoints;

    /// <summary>From the first file until the node had everything, on a node that was running.</summary>
    public double FirstSeconds { get; }

    /// <summary>The machine's monotonic clock, milliseconds, as the tools print it.</summary>
    public static double Now => Stopwatch.GetTimestamp() * 1e3 / Stopwatch.Frequency;

    /// <summary>"dataplane 123 MB (at most 150), agent ...": resident memory.</summary>
    public string Resident() => string.Join(", ", new[] { ("dataplane", Node.Dataplane!), ("agent", Node.Agent!) }.Select(p =>
        FormattableString.Invariant($"{p.Item1} {ProcessMemory.Resident(p.Item2.Id) >> 20} MB (at most {ProcessMemory.Peak(p.Item2.Id) >> 20})")));

    /// <summary>Writes the slice of "flip" with one endpoint, 0 or 1.</summary>
    public void Flip(int endpoint) => _cluster.Manifests.Apply("slice-flip", Manifests.Slice(_flip, 1, [_flip.Backends[endpoint]]));

    /// <summary>Starts to connect to "flip" again and again.</summary>
    public void Watch() => _watch = _scope.StartServer("watch", Client.Net, Environment.ProcessPath!, "backend-watch", _flip.ClusterIp, $"{Port}").Process;

    /// <summary>Waits for the first connection after a time that is answered by an endpoint; when it was, milliseconds.</summary>
    public double WaitForAnswer(int endpoint, double after) => WaitFor($"backend {endpoint + 1} ", after);

    /// <summary>Waits for the first connection after a time that is answered at all, after some that were not.</summary>
    public double WaitForAnyAnswer(double after) => WaitFor("backend ", after);

    private double WaitFor(string start, double after)
    {
        double found = -1;
        _watch!.WaitUntil(() =>
        {
            foreach (var line in _watch.Output.Split('\n').Where(l => l.StartsWith(start, StringComparison.Ordinal)))
            {
                var time = double.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture);
                if (time < after)
                    continue;
                found = time;
                return true;
            }

            return false;
        }, $"print \"{start}\"", s_patience);
        return found;
    }

    /// <summary>Waits until the dataplane has every service and endpoint; false for a node that does not answer yet.</summary>
    public void WaitUntilProgrammed() => _scope.WaitUntil($"{_services} services and {_endpoints} endpoints", s_patience, new NamedProcess("agent", Node.Agent!), () =>
    {
        try
        {
            var page = NodePages.Dataplane(Node);
            return page["dataplane_services"] == _services && page["dataplane_service_backends"] == _endpoints;
        }
        catch (CommandException)
        {
            return false; // it is starting
        }
    });
}
