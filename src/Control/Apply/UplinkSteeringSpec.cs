using Dataplane.Control.Compile;
using Dataplane.Packets;

namespace Dataplane.Control.Apply;

/// <summary>What the uplink's program is to send to the socket. Nothing in it may change after it was handed over.</summary>
internal sealed record UplinkSteeringSpec
{
    /// <summary>UDP port of tunnels, host order; 0 for none.</summary>
    public ushort VxlanPort { get; init; }

    /// <summary>Ports that sources are translated to, both ends included; null for none.</summary>
    public (ushort First, ushort Last)? NatPorts { get; init; }

    /// <summary>What each address of the node is for; an address without a use need not be listed.</summary>
    public IReadOnlyDictionary<IPv4Address, UplinkAddressUse> Addresses { get; init; } = new Dictionary<IPv4Address, UplinkAddressUse>();

    /// <summary>The same of IPv6; tunnels are IPv4.</summary>
    public IReadOnlyDictionary<IPv6Address, UplinkAddressUse> AddressesV6 { get; init; } = new Dictionary<IPv6Address, UplinkAddressUse>();

    /// <summary>Frontends. The same object again costs nothing.</summary>
    public IReadOnlySet<ExternalFrontend<IPv4Address>> Frontends { get; init; } = new HashSet<ExternalFrontend<IPv4Address>>();

    /// <inheritdoc cref="Frontends"/>
    public IReadOnlySet<ExternalFrontend<IPv6Address>> FrontendsV6 { get; init; } = NoneV6;

    private static HashSet<ExternalFrontend<IPv6Address>> NoneV6 { get; } = []; // one object: it is compared by reference
}
