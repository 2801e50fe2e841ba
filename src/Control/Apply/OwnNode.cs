using System.Net;
using Dataplane.Control.Compile;
using Dataplane.Control.Options;

namespace Dataplane.Control.Apply;

/// <summary>Whether what others have configured (the Node object, pods' addresses) fits what this process was told.</summary>
internal static class OwnNode
{
    /// <summary>All that does not fit, for people; one sentence each.</summary>
    /// <param name="state">The state in force.</param>
    /// <param name="options">node-name and pod-cidr are read.</param>
    /// <param name="endpoints">Attached pods.</param>
    public static IEnumerable<string> FindProblems(DesiredState state, DataplaneOptions options, IEnumerable<AttachedEndpoint> endpoints) =>
        endpoints.Select(endpoint => FindStray(endpoint, options)).Prepend(FindProblem(state, options)).OfType<string>();

    /// <summary>What is wrong with a pod's addresses, for people; null when they are of this node's pod range, as every pod's should be.</summary>
    public static string? FindStray(AttachedEndpoint endpoint, DataplaneOptions options)
    {
        var strays = endpoint.Addresses.Where(address => !options.PodCidr.All.Any(network => network.Contains(IPAddress.Parse(address)))).ToList();
        return strays.Count == 0 ? null
            : $"pod {endpoint.Key} has {string.Join(" and ", strays)}, outside of pod-cidr {options.PodCidr}: other nodes do not reach it; correct the IPAM of the CNI configuration, or pod-cidr, and attach the pod again";
    }

    /// <summary>
    /// What is wrong with the Node object, for people, or null. Other nodes go by the Node object: with another range there, nothing they send to this node's pods is meant for them.
    /// A family that this process does not carry, or for which the object names no range, is no contradiction.
    /// </summary>
    /// <param name="state">The state in force.</param>
    /// <param name="options">node-name and pod-cidr are read.</param>
    public static string? FindProblem(DesiredState state, DataplaneOptions options)
    {
        if (!state.Nodes.TryGetValue(options.NodeName, out var node)) return null;
        var named = node.PodCidrs.Select(IPNetwork.Parse).ToList();
        foreach (var pods in options.PodCidr.All)
        {
            var family = named.FindAll(network => network.BaseAddress.AddressFamily == pods.BaseAddress.AddressFamily);
            if (family.Count == 0 || family.Contains(pods)) continue;
            return $"pod-cidr is {pods}, and the Node object {options.NodeName} has podCIDRs {string.Join(",", node.PodCidrs)}: other nodes send to its range, so that they do not reach this node's pods; "
                + "start the dataplane with the Node's range, and attach the pods again";
        }
        return null;
    }
}
