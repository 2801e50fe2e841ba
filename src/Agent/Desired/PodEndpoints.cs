using Dataplane.Agent.Model;

namespace Dataplane.Agent.Desired;

/// <summary>
/// Endpoints straight from pods, for a service that has a selector and no EndpointSlice: in a cluster the endpoint slice
/// controller writes them, in a hand-written directory nobody does.
/// </summary>
internal static class PodEndpoints
{
    /// <summary>Adds the endpoints of a port.</summary>
    public static void Add(
        Service service, ServicePort port, IReadOnlyList<Pod> podsOfNamespace, NodeLocality locality, List<EndpointCandidate> candidates)
    {
        foreach (var pod in podsOfNamespace)
        {
            if (pod.HasEnded || !service.Selector!.Matches(pod.Meta.Labels))
                continue;
            var answers = pod.Ready ?? true;
            var ready = service.PublishNotReadyAddresses || (answers && !pod.Meta.Terminating);
            var (node, zone) = Hints(service.TrafficDistribution, pod.NodeName, locality);
            foreach (var number in Numbers(port, pod))
            {
                foreach (var address in pod.Addresses)
                {
                    candidates.Add(new EndpointCandidate(
                        address, number, pod.NodeName, locality.IsHere(pod.NodeName), ready, answers, pod.Meta.Terminating, node, zone));
                }
            }
        }
    }

    // As the controller writes them: each endpoint is for its own zone, and with PreferSameNode for its own node as well.
    private static (Hint Node, Hint Zone) Hints(TrafficDistribution distribution, string node, NodeLocality locality)
    {
        if (distribution == TrafficDistribution.None || node.Length == 0)
            return (Hint.None, Hint.None);
        var zone = locality.ZoneOf(node);
        return (
            distribution == TrafficDistribution.PreferSameNode ? locality.OfNodes([node]) : Hint.None,
            zone.Length > 0 ? locality.OfZones([zone]) : Hint.None);
    }

    private static IEnumerable<ushort> Numbers(ServicePort port, Pod pod) =>
        port.Target.Name is { } name ? pod.NamedPorts.Resolve(name, port.Protocol).Take(1) : [(ushort)port.Target.Number];
}
