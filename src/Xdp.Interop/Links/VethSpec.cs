using System.Net.NetworkInformation;

namespace Xdp.Interop.Links;

/// <summary>What <see cref="NetlinkLinks.CreateVeth"/> makes: two joined interfaces, both down.</summary>
public sealed record VethSpec
{
    /// <summary>Name of the end in the socket's namespace, at most 15 bytes.</summary>
    public required string Name { get; init; }

    /// <summary>Name of the other end, at most 15 bytes.</summary>
    public required string PeerName { get; init; }

    /// <summary>Hardware address; null lets the kernel draw one.</summary>
    public PhysicalAddress? MacAddress { get; init; }

    /// <summary>Hardware address of the other end; null lets the kernel draw one.</summary>
    public PhysicalAddress? PeerMacAddress { get; init; }

    /// <summary>Bytes, 68 to 65535; null is the kernel's 1500.</summary>
    public int? Mtu { get; init; }

    /// <summary>Bytes, 68 to 65535; null is the kernel's 1500.</summary>
    public int? PeerMtu { get; init; }

    /// <summary>RX and TX queues of each end, 1 to the number of CPUs. XDP needs as many RX queues here as the peer has TX queues.</summary>
    public int Queues { get; init; } = 1;

    /// <summary>Where the other end is made, so that it never shows up here; null is the socket's namespace.</summary>
    public NetworkNamespace? PeerNamespace { get; init; }
}
