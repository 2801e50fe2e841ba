using System.Net;
using System.Net.NetworkInformation;

namespace Dataplane.Control.Apply;

/// <summary>What <see cref="HostVeth.Create"/> makes.</summary>
public sealed record HostVethSpec
{
    /// <summary>The end that stays with the host stack.</summary>
    public string Name { get; init; } = "dp-host";

    /// <summary>The end that carries XDP and the socket.</summary>
    public string PortName { get; init; } = "dp-host-x";

    /// <summary>The node's host port address (IPv4); it gets /32.</summary>
    public required IPAddress Address { get; init; }

    /// <summary>The same of IPv6; it gets /128. Null where the cluster has no IPv6.</summary>
    public IPAddress? AddressV6 { get; init; }

    /// <summary>All pods' prefixes, those of IPv6 only with <see cref="AddressV6"/>.</summary>
    public required IReadOnlyList<IPNetwork> ClusterCidrs { get; init; }

    /// <summary>All ClusterIPs' prefixes, those of IPv6 only with <see cref="AddressV6"/>.</summary>
    public required IReadOnlyList<IPNetwork> ServiceCidrs { get; init; }

    /// <summary>Hardware address of the port: where the host stack sends its frames. Null derives it from the address.</summary>
    public PhysicalAddress? GatewayMac { get; init; }

    /// <summary>Hardware address of the host stack's end. Null derives it from the address.</summary>
    public PhysicalAddress? HostMac { get; init; }

    /// <summary>Bytes; the path MTU.</summary>
    public required int RouteMtu { get; init; }

    /// <summary>Bytes.</summary>
    public int DeviceMtu { get; init; } = 65535;

    /// <summary>RX and TX queues of both ends.</summary>
    public int Queues { get; init; } = 1;
}
