namespace Dataplane.Agent.Model;

/// <summary>One port of a Service (K3).</summary>
/// <param name="Name">Empty when the service has one port only.</param>
/// <param name="Protocol">Protocol.</param>
/// <param name="Port">Port of the service address.</param>
/// <param name="Target">Port of the pods; used only where endpoints are derived from pods.</param>
/// <param name="NodePort">Port of the nodes; 0: none.</param>
public sealed record ServicePort(string Name, Protocol Protocol, ushort Port, PortReference Target, ushort NodePort = 0);
