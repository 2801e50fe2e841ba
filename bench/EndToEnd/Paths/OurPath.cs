using System.Diagnostics;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;

namespace Dataplane.Bench.EndToEnd.Paths;

/// <summary>
/// Our dataplane, as the tests run it: per node a `dataplane` and a `dataplane-agent` fed by a directory of manifests,
/// pods attached by `dpctl`.
/// </summary>
public sealed class OurPath(string name, BenchScope scope) : TrafficPath(name, scope)
{
    private readonly List<NamedProcess> _processes = [];
    private DataplaneNode[] _nodes = [];
    private Cluster? _cluster;

    /// <inheritdoc/>
    public override IReadOnlyList<NamedProcess> DataplaneProcesses => _processes;

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
        _cluster = Scope.Own(Cluster.Start(NodeKind.Dataplane, NodeKind.Dataplane));
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
        Program(_cluster, services, pods);
    }

    /// <inheritdoc/>
    protected override string Describe() => _cluster?.Log(lines: 20) ?? "";

    // The agent reads the directory on its own time; its work is done when the node knows every service port.
    private void Program(Cluster cluster, IReadOnlyList<BenchService> services, Dictionary<string, ClusterPod> pods)
    {
        var watch = Stopwatch.StartNew();
        foreach (var service in BenchPlan.Services)
        {
            var made = cluster.AddService(
                service.Name, [.. service.Backends.Select(b => pods[b.Pod])],
                [.. service.Ports.Select(p => new ClusterServicePort(p.Name, p.Protocol.ToUpperInvariant(), p.Port, p.TargetPort))]);
            Same(service.Name, service.ClusterIp, made.ClusterIp);
        }

        var dummies = services.Except(BenchPlan.Services).ToList();
        if (dummies.Count > 0)
            cluster.Manifests.Apply("dummies", Manifests.Services(dummies));

        var ports = services.Sum(s => s.Ports.Count);
        foreach (var node in _nodes)
        {
            Scope.WaitUntil(
                $"{ports} service ports on {node.Name}", TimeSpan.FromSeconds(120), _processes[^1],
                () => Manifests.CountServicePorts(node.Dpctl("service", "list", "-o", "json")) >= ports);
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
