namespace Dataplane.Agent.Desired;

/// <summary>An identity in use.</summary>
public sealed record IdentityClass(uint Id, IdentityKey Key);
