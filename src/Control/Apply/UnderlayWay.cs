using Dataplane.Packets;

namespace Dataplane.Control.Apply;

/// <summary>How a prefix outside of the cluster is reached.</summary>
/// <param name="Prefix">Its first address.</param>
/// <param name="Length">Bits.</param>
/// <param name="Interface">Index of the uplink; 0 where the node's own stack has to route.</param>
/// <param name="Mac">Ethernet address of the next hop.</param>
/// <param name="Mtu">Bytes of an IP packet.</param>
internal readonly record struct UnderlayWay<TAddress>(TAddress Prefix, int Length, int Interface, MacAddress Mac, int Mtu)
    where TAddress : unmanaged, IIpAddress<TAddress>;
