using System.Globalization;

namespace Dataplane.Testing.Clusters;

/// <summary>A node of a <see cref="Cluster"/>: a network namespace on the underlay, with a pod CIDR of its own.</summary>
public abstract class ClusterNode
{
    private readonly List<ClusterPod> _pods = [];

    private protected ClusterNode(Cluster cluster, int number, int segment = 0)
    {
        Segment = segment;
        Cluster = cluster;
        Number = number;
        Name = $"node-{number}";
        Address = $"{Subnet(segment)}.{number}";
        PodCidr = $"10.244.{number}.0/24";
        HostPortAddress = $"10.244.{number}.1";
        VtepMac = "0e:64:" + string.Join(':', Address.Split('.').Select(part => int.Parse(part, CultureInfo.InvariantCulture).ToString("x2")));
        Net = cluster.Topology.AddNamespace(Name);
    }

    /// <summary>Name of the Node object.</summary>
    public string Name { get; }

    /// <summary>From 1.</summary>
    public int Number { get; }

    /// <summary>Underlay address, the tunnel end point.</summary>
    public string Address { get; }

    /// <summary>Number of the link it is on, from 0; most clusters have one.</summary>
    public int Segment { get; }

    /// <summary>The first three numbers of the addresses on a link.</summary>
    internal static string Subnet(int segment) => $"192.168.{77 + segment}";

    /// <summary>IPv6 address on the underlay; null unless the cluster is dual-stack.</summary>
    public string? AddressV6 => Cluster.DualStack ? IPv6Plan.Underlay(Number) : null;

    /// <summary>Where its pods' addresses are from.</summary>
    public string PodCidr { get; }

    /// <summary>The first pod address: the pods' gateway, and the source of what node processes send to pods.</summary>
    public string HostPortAddress { get; }

    /// <summary>MAC of the tunnel end point, derived from the address as every node derives it.</summary>
    public string VtepMac { get; }

    /// <summary>The node's network namespace; the underlay interface inside is eth0.</summary>
    public NetworkNamespace Net { get; }

    /// <summary>Its pods, in the order of their making.</summary>
    public IReadOnlyList<ClusterPod> Pods => _pods;

    /// <summary>What carries its traffic.</summary>
    public abstract NodeKind Kind { get; }

    /// <summary>The cluster it belongs to.</summary>
    protected Cluster Cluster { get; }

    /// <summary>Address of the pod with a number, from 0.</summary>
    internal string PodAddress(int number) => $"10.244.{Number}.{10 + number}";

    /// <summary>Starts what carries the traffic; the underlay is up, the manifests of all nodes are written.</summary>
    internal abstract void Start();

    /// <summary>Returns when the node accepts pods.</summary>
    internal abstract void WaitUntilReady(TimeSpan timeout);

    /// <summary>Returns when all its pods have connectivity.</summary>
    internal abstract void WaitUntilPodsReady(TimeSpan timeout);

    /// <summary>Makes a service known to this node.</summary>
    internal abstract void AddService(ClusterService service);

    /// <summary>Gives the pod's namespace its interface, addresses and routes.</summary>
    protected abstract void Attach(ClusterPod pod);

    /// <summary>Frame accounting of the node, null when it closes; kernel nodes have none.</summary>
    public abstract string? FrameLeak();

    /// <summary>The last output of the node's processes, for failure messages.</summary>
    public abstract string Log(int lines);

    internal void Add(ClusterPod pod)
    {
        _pods.Add(pod);
        Attach(pod);
    }

    /// <inheritdoc />
    public override string ToString() => Name;
}
