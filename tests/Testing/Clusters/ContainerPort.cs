namespace Dataplane.Testing.Clusters;

/// <summary>A named port of a pod's container.</summary>
/// <param name="Name">Name that policies and services may use.</param>
/// <param name="Protocol">"TCP" or "UDP".</param>
/// <param name="Number">Port number.</param>
public sealed record ContainerPort(string Name, string Protocol, int Number);
