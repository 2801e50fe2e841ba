using Dataplane.Netns.Tests.Behaviour;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Routing;

/// <summary>The routes to pods in a node's table: whose they are, who may touch them, and which way packets take by them.</summary>
public sealed class RouteTests
{
    [RequiresRootFact]
    public void S6_Routes_to_pods_carry_a_protocol_of_their_own_and_only_those_are_ever_touched()
    {
        using Cluster cluster = Cluster.StartRouted("native", NodeKind.Dataplane, NodeKind.Dataplane);
        var node = (DataplaneNode)cluster.Nodes[0];
        string[] ours = ["10.244.1.0/24 via 169.254.77.1 dev dp-host", "10.244.2.0/24 via 192.168.77.2 dev eth0"];
        Settles(ours);
        Assert.Equal("native 192.168.77.2", node.RouteTo("10.244.2.0/24"));

        node.Net.Ip("route del 10.244.2.0/24 proto 78"); // somebody takes one away
        Settles(ours);

        // What an earlier process has left, and what others have.
        node.Dataplane!.Stop(TimeSpan.FromSeconds(10));
        node.Net.AddRoute("10.244.9.0/24 via 192.168.77.9 dev eth0 proto 78 metric 8192");
        node.Net.AddRoute("10.244.8.0/24 via 192.168.77.9 dev eth0 proto 99");
        node.Net.AddRoute("10.8.0.0/16 via 192.168.77.9 dev eth0 proto static");
        node.StartDataplane();
        Settles(ours);
        Assert.Equal(["10.244.8.0/24 via 192.168.77.9 dev eth0"], node.Routes("99"));
        Assert.Equal(["10.8.0.0/16 via 192.168.77.9 dev eth0"], node.Routes("static"));

        // Another mode wants none of them.
        node.Dataplane!.Stop(TimeSpan.FromSeconds(10));
        node.Routing = "vxlan";
        node.StartDataplane();
        Settles();
        Assert.Equal(["10.244.8.0/24 via 192.168.77.9 dev eth0"], node.Routes("99"));

        void Settles(params string[] routes) => Eventually.True(() => node.Routes().SequenceEqual(routes), () => $"{string.Join("\n", node.Routes())}\n{cluster.Log()}", patience: 20);
    }

    /// <summary>A process that has just started knows of no way yet. It takes nothing away that leads its predecessor's packets.</summary>
    [RequiresRootTheory, InlineData("native"), InlineData("auto")]
    public void S6_A_restart_takes_no_route_away_that_a_peer_needs(string routing)
    {
        using Cluster cluster = Cluster.StartRouted(routing, NodeKind.Dataplane, NodeKind.Dataplane);
        ClusterPod near = cluster.AddPod(cluster.Nodes[0], "default", "near"), far = cluster.AddPod(cluster.Nodes[1], "default", "far");
        cluster.WaitUntilPodsReady();
        var node = (DataplaneNode)cluster.Nodes[0];
        const string ours = "10.244.2.0/24 via 192.168.77.2 dev eth0";
        Eventually.True(() => node.Routes().Contains(ours), () => string.Join('\n', node.Routes()));
        using BackgroundProcess monitor = node.Net.Start("ip", "-4", "monitor", "route");
        node.Net.AddRoute("10.244.9.0/24 via 192.168.77.9 dev eth0 proto 78 metric 8192"); // of a node that has left
        for (int round = 0; round < 3; round++)
        {
            node.Dataplane!.Stop(TimeSpan.FromSeconds(10));
            node.StartDataplane();
            Eventually.True(() => node.TryDpctl("status").Succeeded && node.WayTo(cluster.Nodes[1]) == "native 192.168.77.2 dataplane-pods" && Ping(near.Net, far.Address), () => cluster.Log(), patience: 20);
        }
        Eventually.True(() => monitor.Output.Contains("Deleted 10.244.9.0/24", StringComparison.Ordinal), () => monitor.Output);
        Assert.Contains(ours, node.Routes());
        Assert.DoesNotContain("10.244.2.0/24", monitor.Output, StringComparison.Ordinal); // neither taken away nor replaced
    }

    [RequiresRootFact]
    public void S11_Cleanup_leaves_no_route_to_pods()
    {
        using Cluster cluster = Cluster.StartRouted("native", NodeKind.Dataplane, NodeKind.Dataplane);
        var node = (DataplaneNode)cluster.Nodes[0];
        Eventually.True(() => node.Routes().Length == 2, "routes are there");
        node.Agent!.Stop(TimeSpan.FromSeconds(10));
        node.Dataplane!.Stop(TimeSpan.FromSeconds(10));
        Assert.Equal(2, node.Routes().Length); // for a successor
        node.Net.Run(Installed.Dataplane, "cleanup", "--state-dir", Path.Combine(cluster.Topology.Folder, node.Name));
        Assert.Empty(node.Routes());
    }

    /// <summary>P23: a policy lets a pod's own node in, but another node only if it says so, though that comes with its address and without a tunnel.</summary>
    [RequiresRootFact]
    public void P23_Another_node_is_not_a_pods_own_without_tunnels_either()
    {
        using Cluster cluster = Cluster.StartRouted("native", NodeKind.Dataplane, NodeKind.Dataplane);
        ClusterPod pod = cluster.AddPod(cluster.Nodes[0], "default", "closed"), friend = cluster.AddPod(cluster.Nodes[1], "default", "friend");
        cluster.WaitUntilPodsReady();
        Eventually.True(() => Ping(cluster.Nodes[1].Net, pod.Address), "the other node reaches the pod");
        cluster.Manifests.Apply("policy-closed", """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {namespace: default, name: closed}
            spec:
              podSelector: {matchLabels: {app: closed}}
              policyTypes: [Ingress]
              ingress: [{from: [{podSelector: {matchLabels: {app: friend}}}]}]
            """);
        Eventually.True(() => !Ping(cluster.Nodes[1].Net, pod.Address), "the policy stops the other node");
        Assert.True(Ping(friend.Net, pod.Address));
        Assert.True(Ping(cluster.Nodes[0].Net, pod.Address));
    }

    /// <summary>K28, K8: what of a service crosses the wire without a tunnel has to come back to where it was translated.</summary>
    [RequiresRootFact]
    public void S5_K28_Nodes_and_hosts_outside_reach_services_whose_endpoint_is_on_another_node()
    {
        using Cluster cluster = Cluster.StartRouted("native", NodeKind.Dataplane, NodeKind.Dataplane);
        ClusterPod far = cluster.AddPod(cluster.Nodes[1], "default", "far");
        ClusterService service = cluster.AddService("web", [far], new ClusterServicePort("http", "TCP", 80, 8080));
        NetworkNamespace outsider = cluster.AddOutsider("outsider", 50);
        cluster.Manifests.Apply("service-web-nodeport", $$"""
            apiVersion: v1
            kind: Service
            metadata: {namespace: default, name: web-outside}
            spec: {type: NodePort, clusterIP: 10.96.0.200, clusterIPs: ["10.96.0.200"], ports: [{name: http, protocol: TCP, port: 80, targetPort: 8080, nodePort: 30080}]}
            ---
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {namespace: default, name: web-outside-1, labels: {kubernetes.io/service-name: web-outside} }
            addressType: IPv4
            ports: [{name: http, protocol: TCP, port: 8080}]
            endpoints: [{addresses: ["{{far.Address}}"], nodeName: node-2, conditions: {ready: true} }]
            """);
        BackgroundProcess server = cluster.Topology.Own(far.Net.Start(Installed.Python, Installed.TestFile("Traffic/traffic.py"), "serve", far.Name));
        server.WaitForOutput("serving", TimeSpan.FromSeconds(10));
        cluster.WaitUntilPodsReady();
        NetworkNamespace node = cluster.Nodes[0].Net;
        Eventually.True(() => Seen(outsider, "192.168.77.1:30080").Length > 0 && Seen(node, service.ClusterIp).Length > 0, () => cluster.Log(), patience: 20);
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal("192.168.77.1", Seen(node, service.ClusterIp, "--interface", "192.168.77.1"));
            Assert.Equal("10.244.1.1", Seen(node, service.ClusterIp));
            Assert.Equal("10.244.1.1", Seen(outsider, "192.168.77.1:30080"));
        }

        static string Seen(NetworkNamespace client, string address, params string[] options)
        {
            CommandResult answer = client.Try(Command.DefaultTimeout, "curl", ["-sS", "--max-time", "3", .. options, $"http://{address}/"]);
            return answer.Succeeded ? System.Text.Json.JsonDocument.Parse(answer.Output).RootElement.GetProperty("client").GetString()! : "";
        }
    }

    /// <summary>K27: IPv6 pods by their node's IPv6 address, with the other family's rules.</summary>
    [RequiresRootFact]
    public void S5_Pods_of_both_families_are_reached_without_a_tunnel()
    {
        using Cluster cluster = Cluster.StartRoutedDualStack("native");
        ClusterPod near = cluster.AddPod(cluster.Nodes[0], "default", "near"), far = cluster.AddPod(cluster.Nodes[1], "default", "far");
        cluster.WaitUntilPodsReady();
        var node = (DataplaneNode)cluster.Nodes[0];
        string route = $"{IPv6Plan.PodCidr(2)} via {cluster.Nodes[1].AddressV6} dev eth0";
        Eventually.True(() => node.Net.Run("ip", "-6", "route", "show", "proto", NodeView.Ours).Output.Contains(route, StringComparison.Ordinal), () => node.Net.Run("ip", "-6", "route").Output);
        foreach (string address in (string[])[far.Address, far.AddressV6!])
        {
            string source = address == far.Address ? near.Address : near.AddressV6!;
            using var wire = new WireCapture(cluster, node);
            using (BackgroundProcess server = far.Net.Start("iperf3", "-s", "-1"))
            {
                Eventually.True(() => far.Net.Run("ss", "-ltn").Output.Contains(":5201", StringComparison.Ordinal), "the server listens");
                near.Net.Run(TimeSpan.FromSeconds(20), "iperf3", "-c", address, "-n", "2M");
            }
            Assert.True(Ping(near.Net, address));
            Assert.True(Ping(node.Net, address)); // the node's own stack, by its own route
            var (plain, tunnelled, _) = wire.Count(source, address);
            Assert.True(plain > 100 && tunnelled == 0, $"{source} to {address}: {plain} plain, {tunnelled} in VXLAN");
        }
        Assert.All(cluster.Nodes, n => Assert.Null(n.FrameLeak()));
    }

    /// <summary>As in clouds: the router's address is in no prefix of the node, whose own route to it says that it is on the link all the same.</summary>
    [RequiresRootFact]
    public void S5_Pods_are_reached_by_a_router_that_is_in_no_prefix_of_the_node()
    {
        using Cluster cluster = Cluster.StartSegmented("native", 0, 1);
        var node = (DataplaneNode)cluster.Nodes[0];
        ClusterPod near = cluster.AddPod(node, "default", "near"), far = cluster.AddPod(cluster.Nodes[1], "default", "far");
        cluster.WaitUntilPodsReady();
        cluster.Router!.AddAddress("eth0", "10.99.0.1/32");
        foreach (ClusterNode n in cluster.Nodes)
            cluster.Router.AddRoute($"{n.PodCidr} via {n.Address}");
        node.Net.Ip("route replace 192.168.0.0/16 via 10.99.0.1 dev eth0 onlink");
        Eventually.True(() => node.WayTo(cluster.Nodes[1]) == "native 10.99.0.1 dataplane-pods" && Ping(near.Net, far.Address), () => $"{cluster.Log()}\n{node.Net.Run("ip", "route").Output}", patience: 20);
        Assert.Contains("10.244.2.0/24 via 10.99.0.1 dev eth0", node.Routes());
        Assert.Equal("native 10.99.0.1", node.RouteTo("10.244.2.0/24"));
        Assert.DoesNotContain("add route", node.Dpctl("status"), StringComparison.Ordinal);
    }

    /// <summary>Whoever refuses a peer's pods on a node is obeyed, with tunnels as well, and told of. The node's own stack obeys the kernel anyway.</summary>
    [RequiresRootFact]
    public void S6_A_route_that_refuses_a_nodes_pods_is_obeyed_and_shown()
    {
        using Cluster cluster = Cluster.StartRouted("auto", NodeKind.Dataplane, NodeKind.Dataplane);
        ClusterPod near = cluster.AddPod(cluster.Nodes[0], "default", "near"), far = cluster.AddPod(cluster.Nodes[1], "default", "far");
        cluster.WaitUntilPodsReady();
        var node = (DataplaneNode)cluster.Nodes[0];
        Eventually.True(() => Ping(near.Net, far.Address) && Ping(node.Net, far.Address), () => cluster.Log(), patience: 20);
        node.Net.AddRoute("blackhole 10.244.2.0/24 proto static");
        Eventually.True(() => node.WayTo(cluster.Nodes[1]) == "unreachable", () => node.Dpctl("node", "list"), patience: 20);
        Assert.Equal("unreachable", node.RouteTo("10.244.2.0/24"));
        Assert.Contains("static", node.Dpctl("node", "list"), StringComparison.Ordinal);
        Assert.Contains("refuses its pods", node.TryDpctl("check").Output, StringComparison.Ordinal);
        Assert.False(Ping(near.Net, far.Address));
        Assert.False(Ping(node.Net, far.Address));
        Assert.DoesNotContain(node.Routes(), route => route.StartsWith("10.244.2.0/24", StringComparison.Ordinal));

        node.Net.Ip("route del blackhole 10.244.2.0/24 proto static");
        Eventually.True(() => node.WayTo(cluster.Nodes[1]) == "native 192.168.77.2 dataplane-pods" && Ping(near.Net, far.Address), () => cluster.Log(), patience: 20);
    }

    [RequiresRootFact]
    public void X37_Auto_tunnels_only_to_nodes_on_another_link()
    {
        using Cluster cluster = Cluster.StartSegmented("auto", 0, 0, 1);
        ClusterPod[] pods = [.. cluster.Nodes.Select(node => cluster.AddPod(node, "default", $"on-{node.Name}"))];
        cluster.WaitUntilPodsReady();
        var first = (DataplaneNode)cluster.Nodes[0];
        Eventually.True(() => first.WayTo(cluster.Nodes[1]) == "native 192.168.77.2 dataplane-pods" && first.WayTo(cluster.Nodes[2]) == "overlay", () => first.Dpctl("node", "list"));
        Assert.Equal("native 192.168.77.2", first.RouteTo("10.244.2.0/24"));
        Assert.Equal("overlay", first.RouteTo("10.244.3.0/24"));
        Assert.Contains("auto; 1 of 2 other nodes without a tunnel", first.Dpctl("status", "-o", "json"), StringComparison.Ordinal);
        foreach (var (from, to, isNative) in ((int, int, bool)[])[(0, 1, true), (1, 0, true), (0, 2, false), (2, 0, false), (2, 1, false)])
        {
            using var wire = new WireCapture(cluster, cluster.Nodes[from]);
            using (BackgroundProcess server = pods[to].Net.Start("iperf3", "-s", "-1"))
            {
                Eventually.True(() => pods[to].Net.Run("ss", "-ltn").Output.Contains(":5201", StringComparison.Ordinal), "the server listens");
                pods[from].Net.Run(TimeSpan.FromSeconds(20), "iperf3", "-c", pods[to].Address, "-n", "2M");
            }
            var (plain, tunnelled, longest) = wire.Count(pods[from].Address, pods[to].Address);
            Assert.True(isNative ? plain > 100 && tunnelled == 0 && longest <= 1500 : plain == 0 && tunnelled > 100, $"{from} to {to}: {plain} plain, {tunnelled} in VXLAN, the longest {longest}");
        }
        Assert.All(cluster.Nodes, node => Assert.Null(node.FrameLeak()));
    }

    /// <summary>
    /// BIRD on the nodes and on the router between them: announces this node's own pods, known by protocol and device, and brings the other's. While it
    /// runs no tunnel is used; without it there is one again.
    /// </summary>
    [RequiresRootTheory, InlineData("auto"), InlineData("native")]
    public void S6_Routes_of_a_bgp_daemon_are_followed_across_a_router(string routing)
    {
        using Cluster cluster = Cluster.StartSegmented(routing, 0, 1);
        ClusterPod near = cluster.AddPod(cluster.Nodes[0], "default", "near"), far = cluster.AddPod(cluster.Nodes[1], "default", "far");
        cluster.WaitUntilPodsReady();
        var node = (DataplaneNode)cluster.Nodes[0];
        string without = routing == "auto" ? "overlay" : "native 192.168.77.254 dataplane-pods";
        Eventually.True(() => node.WayTo(cluster.Nodes[1]) == without, () => node.Dpctl("node", "list"));
        Assert.Equal(routing == "auto", Ping(near.Net, far.Address)); // the router knows nothing of pods

        using var bird = new BirdFabric(cluster);
        const string by = "native 192.168.77.254 bird";
        Eventually.True(() => cluster.Nodes.All(n => ((DataplaneNode)n).WayTo(cluster.Nodes.Single(other => other != n)).EndsWith(" bird", StringComparison.Ordinal)), () => $"{node.Dpctl("node", "list")}\n{bird.Show()}", patience: 20);
        Assert.Equal(by, node.WayTo(cluster.Nodes[1]));
        Assert.Equal("native 192.168.77.254", node.RouteTo("10.244.2.0/24"));
        Assert.Equal(["10.244.1.0/24 via 169.254.77.1 dev dp-host"], node.Routes()); // BIRD's takes the place of ours
        Assert.Equal(["10.244.2.0/24 via 192.168.77.254 dev eth0"], node.Routes("bird"));
        using (var wire = new WireCapture(cluster, node))
        {
            using (BackgroundProcess server = far.Net.Start("iperf3", "-s", "-1"))
            {
                Eventually.True(() => far.Net.Run("ss", "-ltn").Output.Contains(":5201", StringComparison.Ordinal), "the server listens");
                near.Net.Run(TimeSpan.FromSeconds(20), "iperf3", "-c", far.Address, "-n", "2M");
            }
            Assert.True(Ping(node.Net, far.Address));
            var (plain, tunnelled, _) = wire.Count(near.Address, far.Address);
            Assert.True(plain > 100 && tunnelled == 0, $"{plain} plain, {tunnelled} in VXLAN");
        }

        bird.Stop(); // it takes its routes back
        Eventually.True(() => node.WayTo(cluster.Nodes[1]) == without, () => node.Dpctl("node", "list"));
        Assert.Equal(routing == "auto", Ping(near.Net, far.Address));
    }

    private static bool Ping(NetworkNamespace net, string address) => net.Try(Command.DefaultTimeout, "ping", "-q", "-c", "1", "-W", "1", address).Succeeded;
}
