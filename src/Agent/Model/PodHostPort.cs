namespace Dataplane.Agent.Model;

/// <summary>A container port that is also a port of the node (K38).</summary>
/// <param name="Address">hostIP; null: every address of the node, and 0.0.0.0 or :: every one of that family.</param>
/// <param name="Port">hostPort.</param>
/// <param name="Protocol">Protocol.</param>
/// <param name="ContainerPort">Port of the pod.</param>
public sealed record PodHostPort(IpAddress? Address, ushort Port, Protocol Protocol, ushort ContainerPort);
