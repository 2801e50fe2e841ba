using Dataplane.Agent.Model;

namespace Dataplane.Agent.Desired;

/// <summary>
/// Endpoints straight from pods, for a service that has a selector and no EndpointSlice: in a cluster the endpoint slice
/// controller writes them, in a hand-written directory nobody does.
/// </summary>
internal static class PodEndpoints
{
    public static IEnumerable<EndpointCandidate> Of(Service service, ServicePort port, IEnumerable<Pod> podsOfNamespace)
    {
        foreach (var pod in podsOfNamespace)
        {
            if (pod.HasEnded || !service.Selector!.Matches(pod.Meta.Labels))
                continue;
            var answers = pod.Ready ?? true;
            var ready = service.PublishNotReadyAddresses || (answers && !pod.Meta.Terminating);
            foreach (var address in pod.Addresses)
            {
                foreach (var number in Numbers(port, pod))
                    yield return new EndpointCandidate(address, number, pod.NodeName, ready, answers, pod.Meta.Terminating);
            }
        }
    }

    private static IEnumerable<ushort> Numbers(ServicePort port, Pod pod) =>
        port.Target.Name is { } name ? pod.NamedPorts.Resolve(name, port.Protocol).Take(1) : [(ushort)port.Target.Number];
}
