using Dataplane.Packets;

namespace Dataplane.Control.Compile;

/// <summary>How frames reach another node on the underlay.</summary>
/// <param name="Mac">Ethernet destination: the node's own or its router's.</param>
/// <param name="Mtu">MTU of the underlay on the way, bytes.</param>
public readonly record struct NextHop(MacAddress Mac, int Mtu);
