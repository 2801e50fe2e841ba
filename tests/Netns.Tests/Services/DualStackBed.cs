using Dataplane.Netns.Tests.Behaviour;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>
/// A dual-stack cluster of two of our nodes with three pods each, a client on the underlay that belongs to no node, and one in the world behind a
/// router; families.py serves in every pod, on every node and in the world. Shared by the classes of its collection, which delete the services
/// that they make.
/// </summary>
public sealed class DualStackBed : IDisposable
{
    /// <summary>Name of the collection.</summary>
    public const string Name = "dual-stack";

    /// <summary>Where families.py listens.</summary>
    public const int TcpPort = 7080, UdpPort = 7081;

    // A shim of a version switcher, first in the path, would take ten times as long to start.
    private static readonly string Python = File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";

    private const string NeighborName = "neighbor";
    private Cluster? _cluster;
    private Exception? _failure;

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

    /// <summary>On the underlay, number 100 of <see cref="IPv6Plan.Underlay" />.</summary>
    public NetworkNamespace Neighbor => Cluster.Topology.Namespaces[NeighborName];

    /// <summary>Behind the router, <see cref="IPv6Plan.WorldAddress" />.</summary>
    public NetworkNamespace World => Cluster.Topology.Namespaces["world"];

    /// <summary>The router between, number 254 on the underlay.</summary>
    public NetworkNamespace Router => Cluster.Topology.Namespaces["router"];

    /// <summary>Writes a service and returns what deletes it again.</summary>
    public IDisposable Apply(DualStackService service)
    {
        Cluster.Manifests.Apply("service-" + service.Name, service.ToString());
        return new Applied(this, service.Name);
    }

    /// <summary>What a client of families.py says, a line for each question.</summary>
    /// <param name="client">Where it runs.</param>
    /// <param name="verb">"tcp", "udp", "fetch" or "push".</param>
    /// <param name="host">Whom it asks.</param>
    /// <param name="port">Where.</param>
    /// <param name="more">Further arguments.</param>
    public static string[] AskMany(NetworkNamespace client, string verb, string host, int port, params string[] more) =>
        client.Run(TimeSpan.FromSeconds(60), Python, [Installed.TestFile("Traffic/families.py"), verb, host, $"{port}", .. more]).Output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The same with one question.</summary>
    public static string Ask(NetworkNamespace client, string verb, string host, int port, params string[] more) => AskMany(client, verb, host, port, more).Single();

    /// <summary>Asks until the answer is the expected one.</summary>
    public static void MustAnswer(string expected, NetworkNamespace client, string verb, string host, int port, params string[] more)
    {
        string last = "";
        Eventually.True(() => (last = Ask(client, verb, host, port, more)) == expected, () => $"{verb} to {host}:{port} from {client.Name} is answered by '{expected}', but '{last}'");
    }

    /// <inheritdoc />
    public void Dispose() => _cluster?.Dispose();

    private Cluster Start()
    {
        Cluster cluster = Cluster.StartDualStack();
        try
        {
            NetworkNamespace world = cluster.AddWorld().Host;
            cluster.AddOutsider(NeighborName, 100);
            foreach (ClusterNode node in cluster.Nodes)
            {
                for (int i = 1; i <= 3; i++)
                    cluster.AddPod(node, "default", $"pod-{node.Number}{i}");
            }
            List<BackgroundProcess> servers = [];
            foreach ((NetworkNamespace net, string name) in cluster.Pods.Select(p => (p.Net, p.Name)).Concat(cluster.Nodes.Select(n => (n.Net, n.Name))).Append((world, "world")))
            {
                net.Sysctl("net.ipv6.conf.lo.disable_ipv6", "0");
                servers.Add(cluster.Topology.Own(net.Start(Python, Installed.TestFile("Traffic/families.py"), "serve", name)));
            }
            foreach (BackgroundProcess server in servers)
                server.WaitForOutput("serving", TimeSpan.FromSeconds(20));
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

    private sealed class Applied(DualStackBed bed, string name) : IDisposable
    {
        public void Dispose() => bed.Cluster.Manifests.Delete("service-" + name);
    }
}
