using Dataplane.Agent.Model;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Desired;

/// <summary>
/// What policy can tell apart: addresses with equal keys get equal verdicts, so they share an identity. The namespace
/// stands for its labels: at any moment it has one set of them, and a relabelled namespace keeps its identities.
/// </summary>
/// <param name="Kind">Pod, remote node or CIDR.</param>
/// <param name="Namespace">Of a pod; empty otherwise.</param>
/// <param name="Labels">Of a pod; empty otherwise.</param>
/// <param name="NamedPorts">Of a pod: egress rules may name them (P17); empty otherwise.</param>
/// <param name="Prefix">Longest prefix of the policies' ipBlocks that holds the address; null: none.</param>
public readonly record struct IdentityKey(
    V1.Identity.Types.Kind Kind, string Namespace, LabelSet Labels, NamedPortSet NamedPorts, IpPrefix? Prefix)
{
    /// <summary>A pod's address.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="labels">Those of its labels that policies can tell it by.</param>
    /// <param name="prefix">Longest prefix of the policies' ipBlocks that holds the address; null: none.</param>
    public static IdentityKey ForPod(Pod pod, LabelSet labels, IpPrefix? prefix) =>
        new(V1.Identity.Types.Kind.Pod, pod.Meta.Namespace, labels, pod.NamedPorts, prefix);

    /// <summary>An address of another node that an ipBlock tells from the rest.</summary>
    public static IdentityKey ForRemoteNode(IpPrefix prefix) =>
        new(V1.Identity.Types.Kind.RemoteNode, "", LabelSet.Empty, NamedPortSet.Empty, prefix);

    /// <summary>Addresses that are neither pods nor nodes.</summary>
    public static IdentityKey ForCidr(IpPrefix prefix) =>
        new(V1.Identity.Types.Kind.Cidr, "", LabelSet.Empty, NamedPortSet.Empty, prefix);
}
