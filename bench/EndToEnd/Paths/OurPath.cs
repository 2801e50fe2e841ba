using System.Diagnostics;
using Dataplane.Bench.EndToEnd.Parsing;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;

namespace Dataplane.Bench.EndToEnd.Paths;

/// <summary>
/// Our dataplane, as the tests run it: per node a `dataplane` and a `dataplane-agent` fed by a directory of manifests,
/// pods attached by `dpctl`.
/// </summary>
/// <param name="name">In reports.</param>
/// <param name="scope">The run's.</param>
/// <param name="routing">How the nodes reach each other's pods, as `routing` of configurations takes it.</param>
public sealed class OurPath(string name, BenchScope scope, string routing = "vxlan") : TrafficPath(name, scope)
{
    private const int ServicesPerFile = 100;
    private readonly List<NamedProcess> _processes = [];
    private DataplaneNode[] _nodes = [];
    private Cluster? _cluster;

    /// <inheritdoc/>
    public override IReadOnlyList<NamedProcess> DataplaneProcesses => _processes;

    /// <summary>Both nodes, once built.</summary>
    public IReadOnlyList<DataplaneNode> Nodes => _nodes;

    /// <summary>What both agents follow, once built.</summary>
    public ManifestDirectory Manifests => _cluster!.Manifests;

    /// <summary>Throws when a program is missing.</summary>
    public static void RequirePrograms()
    {
        try
        {
            _ = (Installed.Dataplane, Installed.Agent, Installed.Dpctl);
        }
        catch (CommandException e)
        {
            throw new BenchException(e.Message + ", or measure the kernel alone with --side kernel");
        }
    }

    /// <inheritdoc/>
    public override void ForgetFlows()
    {
        foreach (var node in _nodes)
            node.Dpctl("ct", "flush");
    }

    /// <inheritdoc/>
    protected override void Connect(IReadOnlyList<BenchService> services)
    {
        _cluster = Scope.Own(Cluster.StartRouted(routing, NodeKind.Dataplane, NodeKind.Dataplane));
        _nodes = [.. _cluster.Nodes.Cast<DataplaneNode>()];
        foreach (var node in _nodes)
        {
            Watch($"dataplane {node.Name}", node.Dataplane!);
            Watch($"agent {node.Name}", node.Agent!);
        }

        var pods = BenchPlan.Pods.ToDictionary(p => p.Name, p => _cluster.AddPod(_nodes[p.Node - 1], BenchService.Namespace, p.Name));
        foreach (var pod in BenchPlan.Pods)
        {
            Same(pod.Name, pod.Address, pods[pod.Name].Address);
            AddPod(pod.Name, pods[pod.Name].Net);
        }

        _cluster.WaitUntilPodsReady();
        Program(_cluster, services);
    }

    /// <inheritdoc/>
    protected override string Describe() => _cluster?.Log(lines: 20) ?? "";

    // Its work is done when both nodes know every service port and endpoint.
    private void Program(Cluster cluster, IReadOnlyList<BenchService> services)
    {
        var watch = Stopwatch.StartNew();
        foreach (var service in services.Intersect(BenchPlan.Services))
        {
            cluster.Manifests.Apply($"service-{service.Name}", Paths.Manifests.Service(service));
            cluster.Manifests.Apply($"slice-{service.Name}", Paths.Manifests.Slice(service, 1, service.Backends));
        }

        var file = 0;
        foreach (var part in services.Except(BenchPlan.Services).Chunk(ServicesPerFile))
            cluster.Manifests.Apply($"dummies-{file++:D4}", Paths.Manifests.Services(part));

        double ports = services.Sum(s => s.Ports.Count), endpoints = services.Sum(s => s.Ports.Count * s.Backends.Count);
        foreach (var (node, agent) in _nodes.Zip(_processes.Where(p => p.Name.StartsWith("agent", StringComparison.Ordinal))))
        {
            Scope.WaitUntil($"{ports} service ports and {endpoints} endpoints on {node.Name}", TimeSpan.FromMinutes(5), agent, () =>
            {
                var page = MetricsPage.Parse(node.Metrics());
                return page["dataplane_services"] == ports && page["dataplane_service_backends"] == endpoints;
            });
        }

        ProgrammingSeconds = watch.Elapsed.TotalSeconds;
    }

    private void Watch(string name, BackgroundProcess process)
    {
        var named = new NamedProcess(name, process);
        _processes.Add(named);
        Scope.AddServer(named);
    }

    // The plan is written down twice, for the kernel needs addresses too: a difference would measure other pods.
    private static void Same(string what, string planned, string given)
    {
        if (planned != given)
            throw new BenchException($"{what} has the address {given}, the bench expects {planned}: correct BenchPlan");
    }
}
