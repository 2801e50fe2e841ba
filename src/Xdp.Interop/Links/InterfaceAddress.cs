using System.Net;
using Xdp.Interop.Links.Native;

namespace Xdp.Interop.Links;

/// <summary>An address of an interface.</summary>
public sealed record InterfaceAddress
{
    /// <summary>Index of the interface.</summary>
    public required int Interface { get; init; }

    public required IPAddress Address { get; init; }

    /// <summary>Bits.</summary>
    public required int PrefixLength { get; init; }

    /// <summary>The far end of a point-to-point address; null for the usual kind.</summary>
    public IPAddress? Peer { get; init; }

    public RouteScope Scope { get; init; }

    /// <summary>The kernel adds no route for the prefix (IFA_F_NOPREFIXROUTE).</summary>
    public bool NoPrefixRoute { get; init; }

    /// <summary>IPv6: duplicate address detection is skipped on add (IFA_F_NODAD).</summary>
    public bool NoDuplicateDetection { get; init; }

    /// <summary>IPv6: duplicate address detection has not ended, or has found a duplicate; the address cannot be bound.</summary>
    public bool IsTentative { get; init; }

    /// <summary>IPv6: the address may be used although duplicate address detection has not ended (RFC 4429).</summary>
    public bool IsOptimistic { get; init; }

    /// <summary>Packets to the address are taken: it is none of IPv6 that another host may have as well.</summary>
    public bool IsUsable => !IsTentative || IsOptimistic;

    public override string ToString() => $"{Address}/{PrefixLength} on link {Interface}";

    /// <summary>Decodes the body of RTM_NEWADDR or RTM_DELADDR; null when it carries no address.</summary>
    internal static InterfaceAddress? Decode(ReadOnlySpan<byte> body)
    {
        var head = NetlinkMessages.Head<IfAddrMsg>(body);
        uint flags = head.Flags;
        IPAddress? local = null, prefix = null;
        foreach (var attribute in new NetlinkAttributes(body[IfAddrMsg.Size..]))
        {
            switch (attribute.Type)
            {
                case Rtnl.IFA_LOCAL: local = attribute.Address; break;
                case Rtnl.IFA_ADDRESS: prefix = attribute.Address; break;
                case Rtnl.IFA_FLAGS: flags = attribute.UInt32; break;
            }
        }

        // IFA_LOCAL is ours and IFA_ADDRESS the far end, when both are there; IPv6 usually has only the latter.
        if ((local ?? prefix) is not { } address) return null;
        return new InterfaceAddress
        {
            Interface = (int)head.Index,
            Address = address,
            PrefixLength = head.PrefixLength,
            Peer = prefix is not null && !prefix.Equals(address) ? prefix : null,
            Scope = (RouteScope)head.Scope,
            NoPrefixRoute = (flags & Rtnl.IFA_F_NOPREFIXROUTE) != 0,
            NoDuplicateDetection = (flags & Rtnl.IFA_F_NODAD) != 0,
            IsTentative = (flags & Rtnl.IFA_F_TENTATIVE) != 0,
            IsOptimistic = (flags & Rtnl.IFA_F_OPTIMISTIC) != 0,
        };
    }
}
