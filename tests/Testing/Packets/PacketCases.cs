using Dataplane.Packets;

namespace Dataplane.Testing.Packets;

/// <summary>Packets of IPv4 of every kind that the path treats differently.</summary>
public sealed class PacketCases : PacketCasesOf<IPv4Address>;
