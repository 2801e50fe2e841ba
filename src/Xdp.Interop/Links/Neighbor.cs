using System.Net;
using System.Net.NetworkInformation;
using Xdp.Interop.Links.Native;

namespace Xdp.Interop.Links;

/// <summary>An ARP or ND entry.</summary>
public sealed record Neighbor
{
    private const NeighborState Usable =
        NeighborState.Reachable | NeighborState.Stale | NeighborState.Delay | NeighborState.Probe | NeighborState.NoArp | NeighborState.Permanent;

    /// <summary>Index of the interface.</summary>
    public required int Interface { get; init; }

    public required IPAddress Address { get; init; }

    /// <summary>The link-layer address; null while it is not known.</summary>
    public PhysicalAddress? MacAddress { get; init; }

    public NeighborState State { get; init; }

    /// <summary>The kernel keeps the entry resolved by itself (NTF_EXT_MANAGED, Linux 5.16).</summary>
    public bool IsManaged { get; init; }

    /// <summary>Whether <see cref="MacAddress"/> may be used now.</summary>
    public bool IsResolved => MacAddress is not null && (State & Usable) != 0;

    public override string ToString() => $"{Address} dev {Interface}";

    /// <summary>Decodes the body of RTM_NEWNEIGH or RTM_DELNEIGH; null for bridge entries and entries without an address.</summary>
    internal static Neighbor? Decode(ReadOnlySpan<byte> body)
    {
        var head = NetlinkMessages.Head<NdMsg>(body);
        if (head.Family is not (LinksLibC.AF_INET or LinksLibC.AF_INET6)) return null;
        IPAddress? address = null;
        PhysicalAddress? mac = null;
        uint extended = 0;
        foreach (var attribute in new NetlinkAttributes(body[NdMsg.Size..]))
        {
            switch (attribute.Type)
            {
                case Rtnl.NDA_DST: address = attribute.Address; break;
                case Rtnl.NDA_LLADDR: mac = new PhysicalAddress(attribute.Payload.ToArray()); break;
                case Rtnl.NDA_FLAGS_EXT: extended = attribute.UInt32; break;
            }
        }

        return address is null ? null : new Neighbor
        {
            Interface = head.Index,
            Address = address,
            MacAddress = mac,
            State = (NeighborState)head.State,
            IsManaged = (extended & Rtnl.NTF_EXT_MANAGED) != 0,
        };
    }
}
