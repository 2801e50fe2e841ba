namespace Dataplane.Tables;

/// <summary>
/// Allows connections of one direction of one policy. <paramref name="Identity"/> 0 is any peer; <paramref name="Protocol"/> 0 is
/// any protocol and port; both ports 0 is every port of the protocol.
/// </summary>
public readonly record struct PolicyRule(uint Identity, byte Protocol, ushort FirstPort, ushort LastPort);
