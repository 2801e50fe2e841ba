using Dataplane.Testing;
using Dataplane.Testing.Clusters;

namespace Dataplane.Netns.Tests.Traffic;

/// <summary>
/// The cluster that a class of traffic tests shares: two nodes with two pods each, a service in front of every pod, a
/// server in every pod and on every node. It is made by the first test that runs, so that without root nothing is.
/// </summary>
public abstract class TrafficBed(NodeKind first, NodeKind second, string routing = "vxlan") : IDisposable
{
    private readonly Dictionary<ClusterPod, ClusterService> _services = [];
    private Cluster? _cluster;
    private Exception? _failure;

    /// <summary>The cluster; the first call starts it.</summary>
    public Cluster Cluster
    {
        get
        {
            if (_failure is not null)
                throw new CommandException("the cluster did not start for the first test of this class: " + _failure.Message, _failure);
            try
            {
                return _cluster ??= Start();
            }
            catch (Exception failure)
            {
                _failure = failure; // thirty tests need not wait for the same time-out thirty times
                throw;
            }
        }
    }

    /// <summary>The route with a name of <see cref="TrafficRoutes"/>.</summary>
    public TrafficRoute Route(string name) => TrafficRoutes.Find(name, Cluster, _services);

    /// <inheritdoc />
    public void Dispose()
    {
        _cluster?.Dispose();
        GC.SuppressFinalize(this);
    }

    private Cluster Start()
    {
        Cluster cluster = Cluster.StartRouted(routing, first, second);
        try
        {
            foreach (ClusterNode node in cluster.Nodes)
            {
                Serve(cluster, node.Net, node.Name);
                for (int i = 1; i <= 2; i++)
                {
                    ClusterPod pod = cluster.AddPod(node, "default", $"pod-{node.Number}{i}");
                    Serve(cluster, pod.Net, pod.Name);
                    _services[pod] = cluster.AddService($"service-{pod.Name}", [pod],
                        new ClusterServicePort("http", "TCP", 8080, 8080),
                        new ClusterServicePort("iperf", "TCP", 5201, 5201),
                        new ClusterServicePort("iperf-udp", "UDP", 5201, 5201),
                        new ClusterServicePort("datagrams", "UDP", 7001, 7001));
                }
            }
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

    private static void Serve(Cluster cluster, NetworkNamespace net, string name)
    {
        BackgroundProcess server = cluster.Topology.Own(net.Start(Installed.Python, Installed.TestFile("Traffic/traffic.py"), "serve", name));
        server.WaitForOutput("serving", TimeSpan.FromSeconds(10));
    }
}
