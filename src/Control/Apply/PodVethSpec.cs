using System.Net;
using System.Net.NetworkInformation;

namespace Dataplane.Control.Apply;

/// <summary>What <see cref="PodVeth.Create"/> makes.</summary>
public sealed record PodVethSpec
{
    /// <summary>Name of the host end; see <see cref="PodVeth.HostNameFor"/>.</summary>
    public required string HostName { get; init; }

    /// <summary>The pod's network namespace, e.g. /run/netns/NAME.</summary>
    public required string PodNamespacePath { get; init; }

    /// <summary>Name of the pod's end.</summary>
    public string PodInterface { get; init; } = "eth0";

    /// <summary>The pod's IPv4 address; it gets /32.</summary>
    public required IPAddress Address { get; init; }

    /// <summary>The next hop of the pod's default route: the node's host port address (IPv4).</summary>
    public required IPAddress Gateway { get; init; }

    /// <summary>The pod's IPv6 address, beside the other; it gets /128. Null for none.</summary>
    public IPAddress? AddressV6 { get; init; }

    /// <summary>The next hop of the pod's IPv6 default route; needed with <see cref="AddressV6"/>.</summary>
    public IPAddress? GatewayV6 { get; init; }

    /// <summary>Bytes; the path MTU. TCP takes its segment size from it, while super-packets may have the device's MTU.</summary>
    public required int RouteMtu { get; init; }

    /// <summary>Bytes.</summary>
    public int DeviceMtu { get; init; } = 65535;

    /// <summary>RX and TX queues of both ends.</summary>
    public int Queues { get; init; } = 1;

    /// <summary>The pod's hardware address; null derives it from the address, so that a pod that comes back keeps its own.</summary>
    public PhysicalAddress? PodMac { get; init; }

    /// <summary>The hardware address of the host end, which the pod sees as its gateway's; null derives it from the name.</summary>
    public PhysicalAddress? HostMac { get; init; }

    /// <summary>Shown by `ip link` at the host end, for people: usually "namespace/pod".</summary>
    public string Alias { get; init; } = "";
}
