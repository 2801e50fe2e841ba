using System.Net.NetworkInformation;
using Xdp.Interop.Links.Native;

namespace Xdp.Interop.Links;

/// <summary>A network interface as the kernel described it at one moment.</summary>
public sealed record LinkInfo
{
    public required int Index { get; init; }

    public required string Name { get; init; }

    /// <summary>Bytes of payload above the link header.</summary>
    public int Mtu { get; init; }

    /// <summary>The hardware address; <see cref="PhysicalAddress.None"/> for a link without one.</summary>
    public PhysicalAddress MacAddress { get; init; } = PhysicalAddress.None;

    /// <summary>The driver's kind ("veth", "vxlan", "bridge"); null for a plain device.</summary>
    public string? Kind { get; init; }

    public LinkFlags Flags { get; init; }

    /// <summary>The other end of a veth, or the lower device; 0 without one. It counts in <see cref="PeerNamespaceId"/>'s namespace.</summary>
    public int PeerIndex { get; init; }

    /// <summary>The id (as this namespace numbers its neighbours) of the namespace that holds the peer; null when it is this one.</summary>
    public int? PeerNamespaceId { get; init; }

    /// <summary>The bridge or bond this link is enslaved to; 0 without one.</summary>
    public int MasterIndex { get; init; }

    public int RxQueues { get; init; }

    public int TxQueues { get; init; }

    public OperationalState OperationalState { get; init; }

    public LinkXdpMode XdpMode { get; init; }

    /// <summary>The id of the attached XDP program; 0 without one.</summary>
    public uint XdpProgramId { get; init; }

    /// <summary>The free text of IFLA_IFALIAS; null without one.</summary>
    public string? Alias { get; init; }

    /// <summary>Set up by the administrator.</summary>
    public bool IsUp => (Flags & LinkFlags.Up) != 0;

    /// <summary>Up, with carrier.</summary>
    public bool IsRunning => (Flags & LinkFlags.Running) != 0;

    /// <summary>Decodes the body of RTM_NEWLINK or RTM_DELLINK.</summary>
    internal static LinkInfo Decode(ReadOnlySpan<byte> body)
    {
        var head = NetlinkMessages.Head<IfInfoMsg>(body);
        var link = new LinkInfo { Index = head.Index, Name = "", Flags = (LinkFlags)head.Flags };
        foreach (var attribute in new NetlinkAttributes(body[IfInfoMsg.Size..]))
        {
            link = attribute.Type switch
            {
                Rtnl.IFLA_IFNAME => link with { Name = attribute.Text },
                Rtnl.IFLA_ADDRESS => link with { MacAddress = new PhysicalAddress(attribute.Payload.ToArray()) },
                Rtnl.IFLA_MTU => link with { Mtu = attribute.Int32 },
                Rtnl.IFLA_LINK => link with { PeerIndex = attribute.Int32 },
                Rtnl.IFLA_LINK_NETNSID => link with { PeerNamespaceId = attribute.Int32 },
                Rtnl.IFLA_MASTER => link with { MasterIndex = attribute.Int32 },
                Rtnl.IFLA_NUM_RX_QUEUES => link with { RxQueues = attribute.Int32 },
                Rtnl.IFLA_NUM_TX_QUEUES => link with { TxQueues = attribute.Int32 },
                Rtnl.IFLA_OPERSTATE => link with { OperationalState = (OperationalState)attribute.UInt8 },
                Rtnl.IFLA_IFALIAS => link with { Alias = attribute.Text },
                Rtnl.IFLA_LINKINFO => link with { Kind = DecodeKind(attribute.Nested) },
                Rtnl.IFLA_XDP => DecodeXdp(link, attribute.Nested),
                _ => link,
            };
        }

        return link;
    }

    private static string? DecodeKind(NetlinkAttributes info)
    {
        foreach (var attribute in info)
            if (attribute.Type == Rtnl.IFLA_INFO_KIND) return attribute.Text;
        return null;
    }

    private static LinkInfo DecodeXdp(LinkInfo link, NetlinkAttributes xdp)
    {
        foreach (var attribute in xdp)
        {
            if (attribute.Type == Rtnl.IFLA_XDP_ATTACHED) link = link with { XdpMode = (LinkXdpMode)attribute.UInt8 };
            else if (attribute.Type == Rtnl.IFLA_XDP_PROG_ID) link = link with { XdpProgramId = attribute.UInt32 };
        }

        return link;
    }
}
