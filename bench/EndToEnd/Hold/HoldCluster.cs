using System.Globalization;
using Dataplane.Bench.EndToEnd.Parsing;
using Dataplane.Bench.EndToEnd.Paths;
using Dataplane.Testing.Clusters;

namespace Dataplane.Bench.EndToEnd.Hold;

/// <summary>Two nodes of ours, client and server pods on both, and one service in front of all servers.</summary>
internal sealed class HoldCluster
{
    private const int Port = 9000;
    private const string ServiceAddress = "10.96.0.10", SliceFile = "slice-hold";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private readonly BenchScope _scope;
    private readonly Cluster _cluster;
    private readonly List<ClusterPod> _clients = [];
    private readonly List<ClusterPod> _servers = [];

    public HoldCluster(BenchScope scope, HoldPlan plan)
    {
        _scope = scope;
        _cluster = scope.Own(Cluster.Start(NodeKind.Dataplane, NodeKind.Dataplane, node =>
        {
            if (plan.ConntrackEntries != 0) node.Options = ["--conntrack-entries", plan.ConntrackEntries.ToString(CultureInfo.InvariantCulture)];
        }));
        Nodes = [.. _cluster.Nodes.Cast<DataplaneNode>()];
        foreach (var node in Nodes)
        {
            for (var i = 1; i <= plan.ClientsPerNode; i++)
                _clients.Add(_cluster.AddPod(node, BenchService.Namespace, $"c{node.Number}-{i}"));
            for (var i = 1; i <= plan.BackendsPerNode; i++)
                _servers.Add(_cluster.AddPod(node, BenchService.Namespace, $"s{node.Number}-{i}"));
        }

        _cluster.WaitUntilPodsReady();
        Service = new BenchService("hold", ServiceAddress, [new BenchServicePort("echo", "tcp", Port, Port)],
            [.. _servers.Select(s => new BenchBackend(s.Name, s.Address, s.Node.Number))]);
        for (var i = 0; i < _servers.Count; i++)
            scope.StartServer($"server {_servers[i].Name}", _servers[i].Net, Environment.ProcessPath!, "hold-serve", $"{Port}", $"{i}").Process.WaitForOutput("ready", s_patience);
        _cluster.Manifests.Apply("service-hold", Manifests.Service(Service));
        _cluster.Manifests.Apply(SliceFile, Manifests.Slice(Service, 1, Service.Backends));
        foreach (var client in _clients)
        {
            client.Net.Sysctl("net.ipv4.ip_local_port_range", "1024 65000");
            scope.RunTool("probe", client.Net, 30, (_, _) => { }, "probe", ServiceAddress, $"{Port}", "30");
        }
    }

    /// <summary>Both nodes.</summary>
    public DataplaneNode[] Nodes { get; }

    /// <summary>The service with all of its endpoints; the index of one is its number.</summary>
    public BenchService Service { get; }

    /// <summary>Starts to change the service's endpoints.</summary>
    public SliceChurn Churn(double perSecond) => _scope.Own(new SliceChurn(_cluster.Manifests, Service, SliceFile, perSecond));

    /// <summary>Starts a client in each client pod.</summary>
    /// <param name="shares">Connections of each.</param>
    /// <param name="rate">Connections per second of all together.</param>
    /// <param name="roundSeconds">See <see cref="Tools.HoldClient"/>.</param>
    public HoldClients StartClients(IReadOnlyList<int> shares, int rate, int roundSeconds) => new(
        [.. _clients.Select((client, i) => _scope.StartServer($"client {client.Name}", client.Net, Environment.ProcessPath!,
            "hold-connect", ServiceAddress, $"{Port}", $"{shares[i]}", $"{Math.Max(1, rate / _clients.Count)}", $"{roundSeconds}"))]);

    /// <summary>
    /// What the kernel has counted in client and server pods: segments sent again, and connections that a server's queue had no room for. The latter are
    /// the fault of this machine and its servers, not of the path.
    /// </summary>
    public string KernelCounts()
    {
        static long Sum(IEnumerable<ClusterPod> pods, params string[] names) =>
            pods.Sum(p => KernelCounters.Parse(p.Net.Run("cat", "/proc/net/snmp", "/proc/net/netstat").Output) is var counters ? names.Sum(n => counters[n]) : 0);
        return $"pods' kernels: {Sum(_clients, "RetransSegs")} segments sent again by clients, {Sum(_servers, "RetransSegs")} by servers; servers' listen queues: {Sum(_servers, "ListenOverflows")} overflows, {Sum(_servers, "ListenDrops")} drops, "
            + $"{Sum(_servers, "SyncookiesSent")} SYN cookies sent, {Sum(_servers, "SyncookiesFailed")} failed";
    }

    /// <summary>
    /// Ends the last server pod of each node as Kubernetes does: endpoint, Pod object and interface go. The process in it keeps running, so that no kernel
    /// tells the clients anything. The numbers of the pods.
    /// </summary>
    public IReadOnlyList<int> EndPods(SliceChurn churn)
    {
        int[] ended = [.. Nodes.Select(node => _servers.FindLastIndex(s => s.Node == node))];
        churn.Remove([.. ended.Select(i => Service.Backends[i])]);
        foreach (var pod in ended.Select(i => _servers[i]))
        {
            _cluster.Manifests.Delete($"pod-{pod.Namespace}-{pod.Name}");
            ((DataplaneNode)pod.Node).Detach(pod);
        }

        return ended;
    }
}
