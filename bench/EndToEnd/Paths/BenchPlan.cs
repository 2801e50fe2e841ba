using Dataplane.Testing.Clusters;

namespace Dataplane.Bench.EndToEnd.Paths;

/// <summary>A pod of the bench: which node it is on and its address.</summary>
public sealed record BenchPod(string Name, int Node, string Address, bool Remote);

/// <summary>
/// The cluster every contender builds: two nodes, a client and two servers whose traffic stays on node 1 ("local"),
/// a client on node 1 whose two servers are on node 2 ("remote"). Addresses are those that <see cref="Cluster"/> gives in this order,
/// and the same for all contenders, for each has nodes of its own.
/// </summary>
public static class BenchPlan
{
    /// <summary>Pods of the cluster.</summary>
    public const string ClusterCidr = Cluster.ClusterCidr;

    /// <summary>iperf3, on TCP and (control of UDP tests) the same port.</summary>
    public const int StreamPort = 5201;

    /// <summary>Request/response of the ping-pong tool.</summary>
    public const int EchoPort = 5203;

    /// <summary>Datagrams of the UDP tool.</summary>
    public const int UdpPort = 5204;

    /// <summary>New connections with a byte each way.</summary>
    public const int ConnectPort = 5205;

    /// <summary>Most services of a run: the dummies' cluster addresses are 10.96.16.0 to 10.96.94.255.</summary>
    public const int MostServices = 20_000;

    /// <summary>Most endpoints of a dummy on average: their addresses are from 10.128.0.0/12, where no pod of the bench is.</summary>
    public const int MostEndpoints = 50;

    /// <summary>nginx in the pod; the service's port is 80.</summary>
    public const int WebPort = 8080;

    /// <summary>All pods.</summary>
    public static IReadOnlyList<BenchPod> Pods { get; } =
    [
        new("c1", 1, "10.244.1.10", Remote: false), new("s1a", 1, "10.244.1.11", Remote: false), new("s1b", 1, "10.244.1.12", Remote: false),
        new("c2", 1, "10.244.1.13", Remote: true), new("s2a", 2, "10.244.2.10", Remote: true), new("s2b", 2, "10.244.2.11", Remote: true),
    ];

    /// <summary>
    /// The services called: "stream-*" with one backend (iperf3's control and data connection must meet), "web-*" with two.
    /// </summary>
    public static IReadOnlyList<BenchService> Services { get; } =
    [
        Stream("stream-local", "10.96.0.10", "s1a"), Web("web-local", "10.96.0.11", "s1a", "s1b"),
        Stream("stream-remote", "10.96.0.12", "s2a"), Web("web-remote", "10.96.0.13", "s2a", "s2b"),
    ];

    /// <summary>The service that a kind of workload calls on a journey.</summary>
    public static BenchService ServiceOf(ServiceKind kind, bool remote) =>
        Services.Single(s => s.Name == (kind == ServiceKind.Web ? "web-" : "stream-") + (remote ? "remote" : "local"));

    /// <summary>Address of a node on the underlay link.</summary>
    public static string NodeAddress(int node) => $"192.168.77.{node}";

    /// <summary>Pod CIDR of a node.</summary>
    public static string PodCidr(int node) => $"10.244.{node}.0/24";

    /// <summary>
    /// A number of services in the order of programming: the called ones in the middle of the dummies, so that a chain walk meets half of
    /// them. The dummies have as many endpoints as it takes to have the average over all.
    /// </summary>
    /// <param name="called">Services that are called.</param>
    /// <param name="count">Services in all; fewer than are called adds none.</param>
    /// <param name="endpoints">Endpoints per service, on average over all; a dummy has at least one.</param>
    public static IReadOnlyList<BenchService> WithDummies(IReadOnlyList<BenchService> called, int count, int endpoints)
    {
        var number = Math.Max(0, count - called.Count);
        var dummies = BenchService.Dummies(number, Math.Max(number, count * endpoints - called.Sum(s => s.Backends.Count))).ToList();
        return [.. dummies.Take(number / 2), .. called, .. dummies.Skip(number / 2)];
    }

    private static BenchService Stream(string name, string address, string pod) => new(name, address,
        [
            new("iperf", "tcp", StreamPort, StreamPort), new("echo", "tcp", EchoPort, EchoPort), new("udp", "udp", UdpPort, UdpPort),
            new("connect", "tcp", ConnectPort, ConnectPort),
        ],
        [Backend(pod)]);

    private static BenchService Web(string name, string address, params string[] pods) =>
        new(name, address, [new("http", "tcp", 80, WebPort)], [.. pods.Select(Backend)]);

    private static BenchBackend Backend(string name)
    {
        var pod = Pods.Single(p => p.Name == name);
        return new BenchBackend(pod.Name, pod.Address, pod.Node);
    }
}
