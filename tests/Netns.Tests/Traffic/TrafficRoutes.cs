using Dataplane.Testing.Clusters;

namespace Dataplane.Netns.Tests.Traffic;

/// <summary>The routes of the traffic matrix by name. "From node-1: pod to service, other node" and so on.</summary>
public static class TrafficRoutes
{
    private static readonly string[] Near =
    [
        "pod to pod, same node", "pod to service, same node", "pod to own node", "node to pod, same node", "node to service, same node",
    ];

    private static readonly string[] Across =
    [
        "pod to pod, other node", "pod to service, other node", "pod to other node", "node to pod, other node", "node to service, other node",
    ];

    /// <summary>All routes with clients on one node.</summary>
    public static IEnumerable<string> From(int node) => [.. Near.Select(name => $"from node-{node}: {name}"), .. AcrossFrom(node)];

    /// <summary>The routes that cross the underlay, with clients on one node.</summary>
    public static IEnumerable<string> AcrossFrom(int node) => Across.Select(name => $"from node-{node}: {name}");

    internal static TrafficRoute Find(string name, Cluster cluster, IReadOnlyDictionary<ClusterPod, ClusterService> services)
    {
        string[] parts = name.Split(": ");
        ClusterNode here = cluster.Nodes.Single(node => parts[0] == $"from {node.Name}");
        ClusterNode there = parts[1].Contains("other node", StringComparison.Ordinal) ? cluster.Nodes.Single(node => node != here) : here;
        ClusterPod target = there.Pods[here == there ? 1 : 0];
        bool fromPod = parts[1].StartsWith("pod", StringComparison.Ordinal);
        bool isService = parts[1].Contains("service", StringComparison.Ordinal);
        bool toNode = parts[1] is "pod to own node" or "pod to other node";
        // Without tunnels a node's own route to the pods of another is by its uplink, with its own address.
        bool byUplink = cluster.Routing == "native" && here != there && !isService;
        return new TrafficRoute(
            fromPod ? here.Pods[0].Net : here.Net,
            fromPod ? here.Pods[0].Address : byUplink ? here.Address : here.HostPortAddress,
            here,
            toNode ? there.Net : target.Net,
            toNode ? there.Address : target.Address,
            toNode ? there.Name : target.Name,
            there,
            toNode ? there.Address : isService ? services[target].ClusterIp : target.Address,
            isService);
    }
}
