using System.Net;
using Dataplane.Control.Compile;
using Dataplane.Packets;

namespace Dataplane.Control.Apply;

/// <summary>What the uplink's program is to send to the socket. Nothing in it may change after it was handed over.</summary>
internal sealed record UplinkSteeringSpec
{
    /// <summary>Prefixes of this node's pods, with native routing; none without it.</summary>
    public IReadOnlyCollection<IPNetwork> Pods { get; init; } = [];

    /// <summary>UDP port of tunnels, host order; 0 for none.</summary>
    public ushort VxlanPort { get; init; }

    /// <summary>The one network of tunnels that is ours (VNI); others at the same port are the kernel's.</summary>
    public uint Vni { get; init; }

    /// <summary>At which Ethernet addresses uplinks take what is ours; at others they see what is for other stations.</summary>
    public IReadOnlySet<DeviceAddress> Devices { get; init; } = new HashSet<DeviceAddress>();

    /// <summary>Ports that sources are translated to, both ends included; null for none.</summary>
    public (ushort First, ushort Last)? NatPorts { get; init; }

    /// <summary>What each address of the node is for; an address without a use need not be listed.</summary>
    public IReadOnlyDictionary<IPv4Address, UplinkAddressUse> Addresses { get; init; } = new Dictionary<IPv4Address, UplinkAddressUse>();

    /// <summary>The same of IPv6; tunnels are IPv4.</summary>
    public IReadOnlyDictionary<IPv6Address, UplinkAddressUse> AddressesV6 { get; init; } = new Dictionary<IPv6Address, UplinkAddressUse>();

    /// <summary>Frontends. The same object again costs nothing; which of them linger does not change without another.</summary>
    public IReadOnlySet<ExternalFrontend<IPv4Address>> Frontends { get; init; } = new HashSet<ExternalFrontend<IPv4Address>>();

    /// <inheritdoc cref="Frontends"/>
    public IReadOnlySet<ExternalFrontend<IPv6Address>> FrontendsV6 { get; init; } = NoneV6;

    /// <summary>Those of <see cref="Frontends"/> that are kept for old connections: packets that open one are left to the kernel.</summary>
    public IReadOnlySet<ExternalFrontend<IPv4Address>> Lingering { get; init; } = new HashSet<ExternalFrontend<IPv4Address>>();

    /// <summary>The same of <see cref="FrontendsV6"/>.</summary>
    public IReadOnlySet<ExternalFrontend<IPv6Address>> LingeringV6 { get; init; } = new HashSet<ExternalFrontend<IPv6Address>>();

    private static HashSet<ExternalFrontend<IPv6Address>> NoneV6 { get; } = []; // one object: it is compared by reference
}
