using Dataplane.Packets;
using Xdp.Interop.Links;

namespace Dataplane.Control.Apply;

/// <summary>
/// At which Ethernet addresses an uplink takes frames for this node. A device that is promiscuous also sees what a switch floods for other
/// stations; the kernel drops that, and so its program must leave it alone.
/// </summary>
internal static class UplinkAddresses
{
    /// <summary>
    /// The device's own, then those of macvlan devices on it, which hold addresses of this node in VRRP, and of the ports of a bridge or bond;
    /// none twice.
    /// </summary>
    /// <param name="uplink">The device.</param>
    /// <param name="links">All of this namespace.</param>
    public static MacAddress[] Of(LinkInfo uplink, IEnumerable<LinkInfo> links) =>
    [
        .. new[] { uplink }
            .Concat(links.Where(link => link.Index != uplink.Index && Concerns(uplink.Index, link)).OrderBy(link => link.Index))
            .Select(link => link.MacAddress.GetAddressBytes())
            .Where(address => address.Length == MacAddress.Size)
            .Select(address => new MacAddress(address))
            .DefaultIfEmpty() // a device without Ethernet: no frame of it is ours
            .Distinct(),
    ];

    /// <summary>Whether a change of a device may be one of the uplink's addresses.</summary>
    public static bool Concerns(int uplink, LinkInfo link) =>
        link.Index == uplink || link.MasterIndex == uplink || link is { Kind: "macvlan", PeerNamespaceId: null } && link.PeerIndex == uplink;
}
