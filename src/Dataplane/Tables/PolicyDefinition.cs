namespace Dataplane.Tables;

/// <summary>A policy as it is compiled into a <see cref="PolicyTable"/>; its index there is its position.</summary>
public sealed record PolicyDefinition(bool IngressIsolated, IReadOnlyList<PolicyRule> Ingress, bool EgressIsolated, IReadOnlyList<PolicyRule> Egress);
