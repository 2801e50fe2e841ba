using Dataplane.Conntrack;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Stages;

/// <summary>
/// Asks the egress policy of a local source and the ingress policy of a local destination (P5) about the translated tuple (P18).
/// A pod may always talk to itself (P24), its own node may always reach it (P23), and it its own node.
/// </summary>
public static class PolicyCheck
{
    /// <param name="tuple">The flow's first packet as it leaves.</param>
    /// <param name="policies">Verdicts.</param>
    /// <param name="family">Endpoints and identities of the family.</param>
    /// <param name="sourceIdentity">Filled in: who opens the flow.</param>
    /// <param name="destinationIdentity">Filled in: towards whom.</param>
    public static Verdict Run<TAddress>(in FlowTuple<TAddress> tuple, PolicyTable policies, FamilyTables<TAddress> family, out uint sourceIdentity, out uint destinationIdentity)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        var endpoints = family.Endpoints;
        int source = endpoints.Find(tuple.Source), destination = endpoints.Find(tuple.Destination);
        sourceIdentity = source >= 0 ? endpoints[source].Identity : family.Identities.Find(tuple.Source);
        destinationIdentity = destination >= 0 ? endpoints[destination].Identity : family.Identities.Find(tuple.Destination);
        ushort port = tuple.DestinationPort.Value;
        // An echo's identifier is no port, and must not be judged as one.
        if (tuple.Protocol == TAddress.IcmpProtocol) port = 0;

        if (source >= 0)
        {
            int policy = endpoints[source].Policy;
            if (policy < 0) return Verdict.Drop(DropReason.PolicyNotReady, TrafficDirection.Egress);
            if (source == destination) return Verdict.Continue;
            if (destinationIdentity != Identities.Host && !policies.Allows(policy, TrafficDirection.Egress, destinationIdentity, tuple.Protocol, port))
            {
                return Verdict.Drop(DropReason.PolicyDenied, TrafficDirection.Egress);
            }
        }
        if (destination >= 0)
        {
            int policy = endpoints[destination].Policy;
            if (policy < 0) return Verdict.Drop(DropReason.PolicyNotReady, TrafficDirection.Ingress);
            if (sourceIdentity != Identities.Host && !policies.Allows(policy, TrafficDirection.Ingress, sourceIdentity, tuple.Protocol, port))
            {
                return Verdict.Drop(DropReason.PolicyDenied, TrafficDirection.Ingress);
            }
        }
        return Verdict.Continue;
    }
}
