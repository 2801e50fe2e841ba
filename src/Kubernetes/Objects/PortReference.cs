namespace Dataplane.Kubernetes;

/// <summary>A port by number or by name (IntOrString).</summary>
/// <param name="Number">1 to 65535; 0 when the port is named.</param>
/// <param name="Name">Null when the port is a number.</param>
public readonly record struct PortReference(int Number, string? Name);
