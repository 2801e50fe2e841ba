namespace Dataplane.Agent.Model;

/// <summary>One element of ports (P14-P17).</summary>
/// <param name="Protocol">Protocol; the API's default is TCP.</param>
/// <param name="Port">Null: every port of the protocol.</param>
/// <param name="EndPort">Last port of the range; 0: the one port only.</param>
public sealed record NetworkPolicyPort(Protocol Protocol, PortReference? Port, int EndPort);
