using Xdp.Interop.Links;

namespace Dataplane.Control.Apply;

/// <summary>Offloads of the veth ends whose stack sends into a port of ours.</summary>
internal static class VethOffloads
{
    // XDP sees neither gso_size nor gso_type, so a super-packet can be cut again only when its headers alone say how: plain TCP.
    // All else leaves the stack as it shall arrive. A VLAN tag must be in the frame, or tagged traffic would look untagged to us.
    private static readonly string[] Unwanted =
    [
        "tx-udp-segmentation",            // the datagram boundaries are lost: QUIC would arrive as one datagram
        "tx-tcp-accecn-segmentation",     // CWR has another meaning per segment than with RFC 3168
        "tx-checksum-sctp",               // CRC32c cannot be requested by TX metadata
        "tx-sctp-segmentation",
        "tx-gso-list",
        "tx-gso-partial",
        "tx-gre-segmentation",
        "tx-gre-csum-segmentation",
        "tx-ipxip4-segmentation",
        "tx-ipxip6-segmentation",
        "tx-udp_tnl-segmentation",
        "tx-udp_tnl-csum-segmentation",
        "tx-esp-segmentation",
        "tx-vlan-hw-insert",
        "tx-vlan-stag-hw-insert",
    ];

    /// <summary>Turns off what a port cannot carry, and fails when the kernel keeps one of them on: datagrams would be merged silently.</summary>
    /// <exception cref="Xdp.Interop.XdpException">A feature stayed on.</exception>
    internal static void TurnOff(NetworkNamespace ns, string name)
    {
        using var ethtool = Ethtool.Open(ns);
        var left = ethtool.Disable(name, Unwanted);
        if (left.Count > 0)
            throw new Xdp.Interop.XdpException($"turn off {string.Join(", ", left)} of {name} in {ns}", Xdp.Interop.Errno.EOPNOTSUPP, "the kernel keeps them on; use the veth driver");
    }
}
