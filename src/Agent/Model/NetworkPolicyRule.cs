namespace Dataplane.Agent.Model;

/// <summary>One rule: peers AND ports; an empty list means any (P7).</summary>
public sealed record NetworkPolicyRule(IReadOnlyList<NetworkPolicyPeer> Peers, IReadOnlyList<NetworkPolicyPort> Ports);
