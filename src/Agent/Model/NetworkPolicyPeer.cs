namespace Dataplane.Agent.Model;

/// <summary>One element of from or to: selectors (P9-P11), or an address block, never both (P13).</summary>
/// <param name="PodSelector">Null when the element has none: all pods of the namespaces that match.</param>
/// <param name="NamespaceSelector">Null when the element has none: the policy's own namespace.</param>
/// <param name="IpBlock">Null when the element is made of selectors.</param>
public sealed record NetworkPolicyPeer(LabelSelector? PodSelector, LabelSelector? NamespaceSelector, IpBlock? IpBlock);
