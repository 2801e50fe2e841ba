namespace Dataplane.Testing.Clusters;

/// <summary>A port of a <see cref="ClusterService"/>.</summary>
/// <param name="Name">Port name.</param>
/// <param name="Protocol">"TCP" or "UDP".</param>
/// <param name="Port">Port of the ClusterIP.</param>
/// <param name="TargetPort">Port of the pods.</param>
public sealed record ClusterServicePort(string Name, string Protocol, int Port, int TargetPort);
