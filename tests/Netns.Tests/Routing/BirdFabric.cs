using Dataplane.Testing;
using Dataplane.Testing.Clusters;

namespace Dataplane.Netns.Tests.Routing;

/// <summary>
/// BIRD on every node of a segmented cluster and on its router, with a BGP session between each node and the router. A node announces what our dataplane
/// has installed for its own pods, as docs/operations.md says how to tell it.
/// </summary>
internal sealed class BirdFabric : IDisposable
{
    private const int RouterAs = 64512;

    private readonly List<(NetworkNamespace Net, string Socket, BackgroundProcess Process)> _daemons = [];

    internal BirdFabric(Cluster cluster)
    {
        NetworkNamespace router = cluster.Router ?? throw new ArgumentException("the cluster has no router", nameof(cluster));
        Start(cluster, router, "router", $$"""
            router id 192.168.77.254;
            protocol device {}
            protocol kernel { ipv4 { import none; export all; }; }
            {{string.Join('\n', cluster.Nodes.Select(node => $$"""
                protocol bgp {{node.Name.Replace('-', '_')}} { local as {{RouterAs}}; neighbor {{node.Address}} as {{RouterAs + node.Number}}; connect delay time 1; ipv4 { import all; export all; }; }
                """))}}
            """);
        foreach (ClusterNode node in cluster.Nodes)
        {
            string gateway = node.Address[..node.Address.LastIndexOf('.')] + ".254";
            Start(cluster, node.Net, node.Name, $$"""
                router id {{node.Address}};
                protocol device {}
                protocol kernel { learn; ipv4 { import where krt_source = 78 && ifname = "dp-host"; export where source = RTS_BGP; }; }
                protocol bgp uplink { local as {{RouterAs + node.Number}}; neighbor {{gateway}} as {{RouterAs}}; connect delay time 1; ipv4 { import all; export where source = RTS_INHERIT; }; }
                """);
        }
    }

    /// <summary>What each knows, for messages about failures.</summary>
    internal string Show() => string.Join('\n', _daemons.Select(daemon =>
        daemon.Net.Try(Command.DefaultTimeout, "birdc", "-s", daemon.Socket, "show", "protocols").Output
        + daemon.Net.Try(Command.DefaultTimeout, "birdc", "-s", daemon.Socket, "show", "route", "all").Output + daemon.Process.Output));

    /// <summary>Ends all of them; each removes from the kernel what it has put there.</summary>
    internal void Stop()
    {
        foreach (var daemon in _daemons)
            daemon.Process.Stop(TimeSpan.FromSeconds(10));
    }

    public void Dispose()
    {
        foreach (var daemon in _daemons)
            daemon.Process.Dispose();
    }

    private void Start(Cluster cluster, NetworkNamespace net, string name, string configuration)
    {
        string file = Path.Combine(cluster.Topology.Folder, $"bird-{name}.conf"), socket = Path.Combine(cluster.Topology.Folder, $"bird-{name}.ctl");
        File.WriteAllText(file, configuration);
        _daemons.Add((net, socket, net.Start("bird", "-f", "-c", file, "-s", socket, "-P", Path.Combine(cluster.Topology.Folder, $"bird-{name}.pid"))));
    }
}
