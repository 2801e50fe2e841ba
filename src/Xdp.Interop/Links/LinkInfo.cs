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
        string name = "";
        string? kind = null, alias = null;
        var mac = PhysicalAddress.None;
        int mtu = 0, peer = 0, master = 0, rx = 0, tx = 0;
        int? peerNamespace = null;
        var state = OperationalState.Unknown;
        (LinkXdpMode Mode, uint Id) xdp = default;
        foreach (var attribute in new NetlinkAttributes(body[IfInfoMsg.Size..]))
        {
            switch (attribute.Type)
            {
                case Rtnl.IFLA_IFNAME: name = attribute.Text; break;
                case Rtnl.IFLA_ADDRESS: mac = new PhysicalAddress(attribute.Payload.ToArray()); break;
                case Rtnl.IFLA_MTU: mtu = attribute.Int32; break;
                case Rtnl.IFLA_LINK: peer = attribute.Int32; break;
                case Rtnl.IFLA_LINK_NETNSID: peerNamespace = attribute.Int32; break;
                case Rtnl.IFLA_MASTER: master = attribute.Int32; break;
                case Rtnl.IFLA_NUM_RX_QUEUES: rx = attribute.Int32; break;
                case Rtnl.IFLA_NUM_TX_QUEUES: tx = attribute.Int32; break;
                case Rtnl.IFLA_OPERSTATE: state = (OperationalState)attribute.UInt8; break;
                case Rtnl.IFLA_IFALIAS: alias = attribute.Text; break;
                case Rtnl.IFLA_LINKINFO: kind = DecodeKind(attribute.Nested); break;
                case Rtnl.IFLA_XDP: xdp = DecodeXdp(attribute.Nested); break;
            }
        }

        return new LinkInfo
        {
            Index = head.Index,
            Name = name,
            Mtu = mtu,
            MacAddress = mac,
            Kind = kind,
            Flags = (LinkFlags)head.Flags,
            PeerIndex = peer,
            PeerNamespaceId = peerNamespace,
            MasterIndex = master,
            RxQueues = rx,
            TxQueues = tx,
            OperationalState = state,
            XdpMode = xdp.Mode,
            XdpProgramId = xdp.Id,
            Alias = alias,
        };
    }

    private static string? DecodeKind(NetlinkAttributes info)
    {
        foreach (var attribute in info)
            if (attribute.Type == Rtnl.IFLA_INFO_KIND) return attribute.Text;
        return null;
    }

    private static (LinkXdpMode Mode, uint Id) DecodeXdp(NetlinkAttributes nest)
    {
        (LinkXdpMode Mode, uint Id) xdp = default;
        foreach (var attribute in nest)
        {
            if (attribute.Type == Rtnl.IFLA_XDP_ATTACHED) xdp.Mode = (LinkXdpMode)attribute.UInt8;
            else if (attribute.Type == Rtnl.IFLA_XDP_PROG_ID) xdp.Id = attribute.UInt32;
        }

        return xdp;
    }
}
