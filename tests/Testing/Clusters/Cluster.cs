namespace Dataplane.Testing.Clusters;

/// <summary>
/// Nodes as network namespaces on a common underlay, with pods, services and a directory of manifests. Every node is
/// either ours or plain Linux; the addresses, routes and names are the same for both, so a test does not care.
/// </summary>
public sealed class Cluster : IDisposable
{
    /// <summary>MTU of the underlay in bytes, without the Ethernet header.</summary>
    public const int UnderlayMtu = 1500;

    /// <summary>Covers the pod CIDRs of all nodes.</summary>
    public const string ClusterCidr = "10.244.0.0/16";

    /// <summary>Where ClusterIPs are from.</summary>
    public const string ServiceCidr = "10.96.0.0/16";

    /// <summary>Address of the host behind the router of <see cref="AddWorld"/>.</summary>
    public const string WorldAddress = "203.0.113.10";

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);
    private readonly List<ClusterNode> _nodes = [];
    private readonly List<ClusterService> _services = [];

    private readonly List<NetworkNamespace> _segments;

    private Cluster(bool dualStack, string routing = "vxlan")
    {
        DualStack = dualStack;
        Routing = routing;
        Topology = Topology.Create();
        Underlay = Topology.AddSwitch("underlay");
        _segments = [Underlay];
        Manifests = new ManifestDirectory(Path.Combine(Topology.Folder, "manifests"));
    }

    /// <summary>The namespaces and links.</summary>
    public Topology Topology { get; }

    /// <summary>True when there is IPv6 beside IPv4, by <see cref="IPv6Plan"/>.</summary>
    public bool DualStack { get; }

    /// <summary>How packets reach the pods of other nodes, as `routing` of configurations takes it: "vxlan", "native", "auto".</summary>
    public string Routing { get; }

    /// <summary>The switch between the nodes; its ports have the nodes' names.</summary>
    public NetworkNamespace Underlay { get; }

    /// <summary>The switch that a node is plugged into: <see cref="Underlay"/>, or that of another segment.</summary>
    public NetworkNamespace SwitchOf(ClusterNode node) => _segments[node.Segment];

    /// <summary>The router between the segments; null while there is one segment.</summary>
    public NetworkNamespace? Router { get; private set; }

    /// <summary>What the agents of all nodes watch.</summary>
    public ManifestDirectory Manifests { get; }

    /// <summary>The nodes; node-1 is the first.</summary>
    public IReadOnlyList<ClusterNode> Nodes => _nodes;

    /// <summary>All pods of all nodes.</summary>
    public IEnumerable<ClusterPod> Pods => _nodes.SelectMany(node => node.Pods);

    /// <summary>Two nodes, started and ready, without pods.</summary>
    /// <param name="first">What node-1 is.</param>
    /// <param name="second">What node-2 is.</param>
    /// <param name="configure">Called for each of our nodes before it starts.</param>
    public static Cluster Start(NodeKind first, NodeKind second, Action<DataplaneNode>? configure = null) =>
        Start(new Cluster(dualStack: false), first, second, configure);

    /// <summary>Two nodes of ours in a dual-stack cluster, started and ready, without pods.</summary>
    public static Cluster StartDualStack() => Start(new Cluster(dualStack: true), NodeKind.Dataplane, NodeKind.Dataplane, configure: null);

    /// <summary>Two nodes with another way to each other's pods than tunnels, started and ready, without pods.</summary>
    /// <param name="routing">See <see cref="Routing"/>.</param>
    /// <param name="first">What node-1 is.</param>
    /// <param name="second">What node-2 is.</param>
    /// <param name="configure">Called for each of our nodes before it starts.</param>
    public static Cluster StartRouted(string routing, NodeKind first, NodeKind second, Action<DataplaneNode>? configure = null) =>
        Start(new Cluster(dualStack: false, routing), first, second, configure);

    /// <summary>The same in a dual-stack cluster, of two nodes of ours.</summary>
    public static Cluster StartRoutedDualStack(string routing) => Start(new Cluster(dualStack: true, routing), NodeKind.Dataplane, NodeKind.Dataplane, configure: null);

    /// <summary>
    /// A node of ours for each number, on the segment of that number, with a <see cref="Router"/> between the segments, which knows nothing of pods. The
    /// nodes are started and ready, without pods.
    /// </summary>
    /// <param name="routing">See <see cref="Routing"/>.</param>
    /// <param name="segments">For each node that of its link, from 0.</param>
    public static Cluster StartSegmented(string routing, params int[] segments)
    {
        var cluster = new Cluster(dualStack: false, routing);
        try
        {
            cluster.AddRouter(segments.Max() + 1);
            cluster.StartNodes([.. segments.Select(_ => NodeKind.Dataplane)], configure: null, segments);
            return cluster;
        }
        catch
        {
            cluster.Dispose();
            throw;
        }
    }

    private static Cluster Start(Cluster cluster, NodeKind first, NodeKind second, Action<DataplaneNode>? configure)
    {
        try
        {
            cluster.StartNodes([first, second], configure);
            return cluster;
        }
        catch
        {
            cluster.Dispose();
            throw;
        }
    }

    /// <summary>Adds a pod to a node and its object to the manifests. Its connectivity comes with <see cref="WaitUntilPodsReady"/>.</summary>
    public ClusterPod AddPod(
        ClusterNode node, string @namespace, string name,
        IReadOnlyDictionary<string, string>? labels = null, IReadOnlyList<ContainerPort>? ports = null)
    {
        NetworkNamespace net = Topology.AddNamespace($"{@namespace}-{name}");
        var pod = new ClusterPod(
            @namespace, name, node.PodAddress(node.Pods.Count), labels ?? new Dictionary<string, string> { ["app"] = name }, ports ?? [], node, net)
        {
            AddressV6 = DualStack ? IPv6Plan.Pod(node.Number, node.Pods.Count) : null,
        };
        if (!File.Exists(Path.Combine(Manifests.Path, $"namespace-{@namespace}.yaml")))
            Manifests.ApplyNamespace(@namespace);
        Manifests.ApplyPod(pod);
        node.Add(pod);
        return pod;
    }

    /// <summary>Adds a ClusterIP service in front of pods.</summary>
    public ClusterService AddService(string name, IReadOnlyList<ClusterPod> backends, params ClusterServicePort[] ports)
    {
        var service = new ClusterService(name, $"10.96.0.{10 + _services.Count}", ports, backends);
        _services.Add(service);
        Manifests.ApplyService(service);
        foreach (ClusterNode node in _nodes)
            node.AddService(service);
        return service;
    }

    /// <summary>
    /// Adds a host that belongs to no node, on the underlay at 192.168.77.<paramref name="number"/>. It knows nothing of pods and services but
    /// what routes a test gives it.
    /// </summary>
    public NetworkNamespace AddOutsider(string name, int number)
    {
        NetworkNamespace net = Topology.AddNamespace(name);
        Topology.Plug(net, "eth0", Underlay, name, UnderlayMtu);
        net.AddAddress("eth0", $"192.168.77.{number}/24");
        if (DualStack)
            IPv6Plan.AddAddress(net, "eth0", IPv6Plan.Underlay(number) + "/64");
        return net;
    }

    /// <summary>
    /// Adds a router at 192.168.77.254, the default gateway of all nodes, and behind it a network with one host, <see cref="WorldAddress"/>.
    /// </summary>
    public (NetworkNamespace Router, NetworkNamespace Host) AddWorld()
    {
        NetworkNamespace router = AddOutsider("router", 254), host = Topology.AddNamespace("world");
        Topology.Link(router, "world", host, "eth0", UnderlayMtu);
        router.AddAddress("world", "203.0.113.1/24");
        router.Sysctl("net.ipv4.ip_forward", "1");
        host.AddAddress("eth0", $"{WorldAddress}/24");
        host.AddRoute("default via 203.0.113.1");
        foreach (ClusterNode node in _nodes)
            node.Net.AddRoute("default via 192.168.77.254 dev eth0");
        if (!DualStack)
            return (router, host);
        IPv6Plan.AddAddress(router, "world", IPv6Plan.WorldGateway + "/64");
        router.Sysctl("net.ipv6.conf.all.forwarding", "1");
        IPv6Plan.AddAddress(host, "eth0", IPv6Plan.WorldAddress + "/64");
        host.AddRoute($"default via {IPv6Plan.WorldGateway}");
        foreach (ClusterNode node in _nodes)
            node.Net.AddRoute($"default via {IPv6Plan.Underlay(254)} dev eth0");
        return (router, host);
    }

    /// <summary>Returns when every pod has connectivity.</summary>
    public void WaitUntilPodsReady()
    {
        foreach (ClusterNode node in _nodes)
            node.WaitUntilPodsReady(StartTimeout);
    }

    /// <summary>The last output of all processes of all nodes.</summary>
    public string Log(int lines = 20) => string.Concat(_nodes.Select(node => node.Log(lines)));

    /// <inheritdoc />
    public void Dispose() => Topology.Dispose();

    /// <summary>
    /// Adds a node of ours while the cluster runs: a namespace on a segment, with its processes, and ready. Its Node object the other nodes get from
    /// <see cref="ManifestDirectory.ApplyNode"/>.
    /// </summary>
    public DataplaneNode AddNode(int segment = 0)
    {
        var node = new DataplaneNode(this, _nodes.Count + 1, segment);
        _nodes.Add(node);
        PlugIn(node);
        node.Start();
        node.WaitUntilReady(StartTimeout);
        return node;
    }

    private void AddRouter(int segments)
    {
        Router = Topology.AddNamespace("router");
        Router.Sysctl("net.ipv4.ip_forward", "1");
        for (int segment = 0; segment < segments; segment++)
        {
            if (segment > 0)
                _segments.Add(Topology.AddSwitch($"underlay-{segment}"));
            Topology.Plug(Router, $"eth{segment}", _segments[segment], "router", UnderlayMtu);
            Router.AddAddress($"eth{segment}", $"{ClusterNode.Subnet(segment)}.254/24");
        }
    }

    private void PlugIn(ClusterNode node)
    {
        Topology.Plug(node.Net, "eth0", SwitchOf(node), node.Name, UnderlayMtu);
        node.Net.AddAddress("eth0", $"{node.Address}/24");
        if (Router is not null)
            node.Net.AddRoute($"192.168.0.0/16 via {ClusterNode.Subnet(node.Segment)}.254 dev eth0");
    }

    private void StartNodes(NodeKind[] kinds, Action<DataplaneNode>? configure, int[]? segments = null)
    {
        for (int i = 0; i < kinds.Length; i++)
            _nodes.Add(kinds[i] == NodeKind.Kernel ? new KernelNode(this, i + 1) : new DataplaneNode(this, i + 1, segments?[i] ?? 0));
        foreach (ClusterNode node in _nodes)
        {
            PlugIn(node);
            if (node.AddressV6 is { } v6)
            {
                IPv6Plan.AddAddress(node.Net, "eth0", v6 + "/64");
                node.Net.Sysctl("net.ipv6.conf.all.forwarding", "1");
            }
            Manifests.ApplyNode(node);
        }
        Manifests.ApplyNamespace("default");
        foreach (ClusterNode node in _nodes)
        {
            if (node is DataplaneNode ours)
                configure?.Invoke(ours);
            node.Start();
        }
        foreach (ClusterNode node in _nodes)
            node.WaitUntilReady(StartTimeout);
    }
}
