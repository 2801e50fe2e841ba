using Dataplane.Agent.Model;

namespace Dataplane.Agent.Desired;

/// <summary>Endpoints from EndpointSlices.</summary>
internal static class SliceEndpoints
{
    /// <summary>Adds a slice's endpoints for a port. The slice's port goes by name and protocol; the Service's targetPort is not asked (K3).</summary>
    public static void Add(EndpointSlice slice, ServicePort port, NodeLocality locality, List<EndpointCandidate> candidates)
    {
        foreach (var offer in slice.Ports)
        {
            if (offer.Protocol != port.Protocol || offer.Name != port.Name)
                continue;
            foreach (var endpoint in slice.Endpoints)
            {
                candidates.Add(new EndpointCandidate(
                    endpoint.Address, offer.Port, endpoint.NodeName, locality.IsHere(endpoint.NodeName), endpoint.Ready, endpoint.Serving,
                    endpoint.Terminating, locality.OfNodes(endpoint.ForNodes), locality.OfZones(endpoint.ForZones)));
            }
        }
    }
}
