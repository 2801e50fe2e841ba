using System.Globalization;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;

namespace Dataplane.Netns.Tests.Services;

/// <summary>
/// Two of our nodes with three pods each, a client on the underlay that belongs to no node, and one in the world behind a router; a server in
/// every pod, on every node and in the world. Shared by the classes of its collection: each test makes services of its own, with addresses and
/// ports that no other has, and deletes them.
/// </summary>
public class ServiceBed : IDisposable
{
    /// <summary>Name of the collection.</summary>
    public const string Name = "services";

    private readonly Action<DataplaneNode>? _configure;
    private Cluster? _cluster;
    private Exception? _failure;
    private int _services;
    private int _pods;
    private int _settled;

    /// <summary>Nodes with the options by default.</summary>
    public ServiceBed() : this(null)
    {
    }

    private protected ServiceBed(Action<DataplaneNode>? configure) => _configure = configure;

    /// <summary>The cluster; the first call starts it.</summary>
    public Cluster Cluster
    {
        get
        {
            if (_failure is not null)
                throw new CommandException("the cluster did not start for the first test of this collection: " + _failure.Message, _failure);
            try
            {
                return _cluster ??= Start();
            }
            catch (Exception failure)
            {
                _failure = failure;
                throw;
            }
        }
    }

    /// <summary>Our nodes.</summary>
    public DataplaneNode Node1 => (DataplaneNode)Cluster.Nodes[0];

    /// <inheritdoc cref="Node1" />
    public DataplaneNode Node2 => (DataplaneNode)Cluster.Nodes[1];

    /// <summary>On the underlay, <see cref="NeighborAddress" />.</summary>
    public NetworkNamespace Neighbor { get; private set; } = null!;

    /// <summary>Address of <see cref="Neighbor" />.</summary>
    public const string NeighborAddress = "192.168.77.100";

    /// <summary>Behind the router, <see cref="Cluster.WorldAddress" />.</summary>
    public NetworkNamespace World { get; private set; } = null!;

    /// <summary>The router between, 192.168.77.254.</summary>
    public NetworkNamespace Router { get; private set; } = null!;

    /// <summary>A service of type ClusterIP in front of pods, with a name, an address and a node port that no test has had yet.</summary>
    public ServiceObject NewService(params ClusterPod[] pods)
    {
        _ = Cluster;
        int number = Interlocked.Increment(ref _services);
        return new ServiceObject($"service-{number}", $"10.96.{2 + number / 250}.{1 + number % 250}") { NodePort = 30000 + number }.To(pods);
    }

    /// <summary>An address outside of the cluster that no test has had yet and that is nobody's; the router has no way to it.</summary>
    public string NewAddress() => $"198.51.100.{Interlocked.Increment(ref _services) % 250 + 1}";

    /// <summary>Makes a service known; returns when both nodes work by it.</summary>
    public AppliedService Apply(ServiceObject service) => new(this, service);

    /// <summary>Makes objects known; returns when both nodes work by them.</summary>
    /// <param name="name">Name of the manifest.</param>
    /// <param name="yaml">The objects.</param>
    public AppliedText Apply(string name, string yaml) => new(this, name, yaml);

    /// <summary>Lets the hosts outside of the cluster reach an address or prefix through a node.</summary>
    public OutsideRoute RouteToward(string prefix, DataplaneNode node) => new($"{prefix} via {node.Address}", Neighbor, Router);

    /// <summary>Gives an agent other options; disposing gives it back those of before, and returns when it works by them.</summary>
    public IDisposable RestartAgent(DataplaneNode node, params string[] options) => new OtherAgent(this, node, options);

    /// <summary>Replaces a node's dataplane; returns when both nodes work by all manifests.</summary>
    public void ReplaceDataplane(DataplaneNode node, Action? meanwhile = null)
    {
        node.ReplaceDataplane(meanwhile);
        Settle();
    }

    /// <summary>Makes a pod for one test.</summary>
    public ExtraPod AddPod(DataplaneNode node)
    {
        int number = Interlocked.Increment(ref _pods);
        return new ExtraPod(Cluster, node, $"extra-{number}", $"10.244.{node.Number}.{100 + number}");
    }

    /// <summary>
    /// Returns when both nodes work by all manifests written so far: a service that is written after them answers at a new port on both, and no
    /// agent waits for its dataplane.
    /// </summary>
    public void Settle()
    {
        int port = 1000 + Interlocked.Increment(ref _settled);
        Write(new ServiceObject("settled", "10.96.255.254") { Port = port }.To(Node1.Pods[0]));
        string wait = $"until curl -s -o /dev/null --max-time 1 http://10.96.255.254:{port}/; do sleep 0.02; done; " +
            $"until curl -s --max-time 1 http://127.0.0.1:{DataplaneNode.AgentMetricsPort}/metrics | grep -q '^dataplane_agent_in_sync 1$'; do sleep 0.02; done";
        Task.WhenAll(Cluster.Nodes.Select(node => Task.Run(() => node.Net.Run("bash", "-c", wait)))).GetAwaiter().GetResult();
    }

    /// <summary>Runs what is to be dropped, and expects the node to count it so.</summary>
    public static void ExpectDrop(DataplaneNode node, string reason, Action action)
    {
        long before = node.Drops(reason);
        action();
        long now = node.Drops(reason);
        Xunit.Assert.True(now > before, $"{node} dropped nothing as {reason}\n{node.Dpctl("drops")}");
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _cluster?.Dispose();
        GC.SuppressFinalize(this);
    }

    internal void Write(ServiceObject service) => Cluster.Manifests.Apply("service-" + service.Name, service.ToString());

    internal static BackgroundProcess Serve(NetworkNamespace net, string name)
    {
        BackgroundProcess server = net.Start(Installed.Python, Installed.TestFile("Traffic/traffic.py"), "serve", name);
        server.WaitForOutput("serving", TimeSpan.FromSeconds(20));
        return server;
    }

    private sealed class OtherAgent : IDisposable
    {
        private readonly ServiceBed _bed;
        private readonly DataplaneNode _node;
        private readonly IReadOnlyList<string> _before;

        public OtherAgent(ServiceBed bed, DataplaneNode node, string[] options)
        {
            (_bed, _node, _before) = (bed, node, node.AgentOptions);
            Restart(options);
        }

        public void Dispose()
        {
            Restart(_before);
            _bed.Settle();
        }

        private void Restart(IReadOnlyList<string> options)
        {
            _node.Agent!.Stop(TimeSpan.FromSeconds(10));
            _node.AgentOptions = options;
            _node.StartAgent();
        }
    }

    private Cluster Start()
    {
        Cluster cluster = Cluster.Start(NodeKind.Dataplane, NodeKind.Dataplane, _configure);
        try
        {
            (Router, World) = cluster.AddWorld();
            Neighbor = cluster.AddOutsider("neighbor", 100);
            foreach (ClusterNode node in cluster.Nodes)
            {
                node.Net.Sysctl("net.ipv4.ip_forward", "1"); // as every node of Kubernetes has it
                for (int i = 1; i <= 3; i++)
                    cluster.AddPod(node, "default", string.Create(CultureInfo.InvariantCulture, $"pod-{node.Number}{i}"));
            }
            var servers = cluster.Pods.Select(p => (p.Net, p.Name)).Concat(cluster.Nodes.Select(n => (n.Net, n.Name))).Append((World, "world"));
            foreach (Task<BackgroundProcess> started in servers.Select(s => Task.Run(() => Serve(s.Item1, s.Item2))).ToList())
                cluster.Topology.Own(started.GetAwaiter().GetResult());
            cluster.WaitUntilPodsReady();
            return cluster;
        }
        catch (Exception failure)
        {
            string log = cluster.Log();
            cluster.Dispose();
            throw new CommandException($"{failure.Message}\n{log}", failure);
        }
    }
}
