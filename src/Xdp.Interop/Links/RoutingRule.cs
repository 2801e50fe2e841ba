using System.Net;
using System.Net.Sockets;
using Xdp.Interop.Links.Native;

namespace Xdp.Interop.Links;

/// <summary>
/// A rule that says which routing table a packet is looked up in. Rules are asked in the order of <see cref="Priority"/>, lowest first, until a table has a
/// route. What is null or 0 matches every packet.
/// </summary>
public sealed record RoutingRule
{
    /// <summary><see cref="AddressFamily.InterNetwork"/> or <see cref="AddressFamily.InterNetworkV6"/>: each has rules of its own.</summary>
    public AddressFamily Family { get; init; } = AddressFamily.InterNetwork;

    /// <summary>Lower is asked first.</summary>
    public required uint Priority { get; init; }

    /// <summary>Name of the device that the packet came in by; "lo" is what this machine itself sends.</summary>
    public string? InputInterface { get; init; }

    /// <summary>The destination is in this prefix.</summary>
    public IPNetwork? Destination { get; init; }

    /// <summary>IP protocol number; 0 for all.</summary>
    public byte IpProtocol { get; init; }

    /// <summary>Destination port, both ends included; needs <see cref="IpProtocol"/> to be one with ports.</summary>
    public (ushort First, ushort Last)? DestinationPorts { get; init; }

    /// <summary>The packet's or socket's mark (SO_MARK) under <see cref="MarkMask"/>.</summary>
    public uint Mark { get; init; }

    /// <summary>Which bits of the mark are compared; 0 for none.</summary>
    public uint MarkMask { get; init; }

    /// <summary>The table that is looked up.</summary>
    public required uint Table { get; init; }

    /// <summary>Who installed it.</summary>
    public RouteProtocol Protocol { get; init; } = RouteProtocol.Dataplane;

    /// <summary>
    /// The kernel's rule says more than is told here (a source, a user, an action other than a lookup ...). Such a rule equals none that
    /// <see cref="NetlinkRules.Add"/> makes, and cannot be added.
    /// </summary>
    public bool HasMore { get; private init; }

    public override string ToString() =>
        $"{Priority}: {(Family == AddressFamily.InterNetworkV6 ? "IPv6 " : "")}{(InputInterface is null ? "" : $"iif {InputInterface} ")}"
        + $"{(Destination is { } to ? $"to {to} " : "")}{(IpProtocol == 0 ? "" : $"ipproto {IpProtocol} ")}"
        + $"{(DestinationPorts is { } ports ? ports.First == ports.Last ? $"dport {ports.First} " : $"dport {ports.First}-{ports.Last} " : "")}"
        + $"{(MarkMask == 0 ? "" : $"fwmark 0x{Mark:x}/0x{MarkMask:x} ")}lookup {Table}{(HasMore ? " and more" : "")}";

    /// <summary>Decodes the body of RTM_NEWRULE or RTM_DELRULE; null for families other than IPv4 and IPv6.</summary>
    internal static RoutingRule? Decode(ReadOnlySpan<byte> body)
    {
        var head = NetlinkMessages.Head<FibRuleHdr>(body);
        if (head.Family is not (LinksLibC.AF_INET or LinksLibC.AF_INET6)) return null;

        var family = head.Family == LinksLibC.AF_INET ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
        if (head.DestinationLength > (family == AddressFamily.InterNetwork ? 32 : 128))
            throw NetlinkException.Malformed($"a rule's prefix of {head.DestinationLength} bits");
        uint priority = 0, table = head.Table, mark = 0, mask = 0;
        string? input = null;
        IPAddress? destination = null;
        byte ipProtocol = 0;
        (ushort, ushort)? ports = null;
        var protocol = RouteProtocol.Unspecified;
        var more = head.Action != FibRules.FR_ACT_TO_TBL || (head.Flags & FibRules.FIB_RULE_INVERT) != 0 || head.SourceLength != 0 || head.Tos != 0;
        foreach (var attribute in new NetlinkAttributes(body[FibRuleHdr.Size..]))
        {
            switch (attribute.Type)
            {
                case FibRules.FRA_PRIORITY: priority = attribute.UInt32; break;
                case FibRules.FRA_IIFNAME: input = attribute.Text; break;
                case FibRules.FRA_DST: destination = attribute.Address; break;
                case FibRules.FRA_IP_PROTO: ipProtocol = attribute.UInt8; break;
                case FibRules.FRA_DPORT_RANGE:
                    var range = NetlinkMessages.Head<FibRulePortRange>(attribute.Payload);
                    ports = (range.First, range.Last);
                    break;
                case FibRules.FRA_FWMARK: mark = attribute.UInt32; break;
                case FibRules.FRA_FWMASK: mask = attribute.UInt32; break;
                case FibRules.FRA_TABLE: table = attribute.UInt32; break;
                case FibRules.FRA_PROTOCOL: protocol = (RouteProtocol)attribute.UInt8; break;
                // The kernel tells these of every rule; all ones is "not set".
                case FibRules.FRA_SUPPRESS_IFGROUP or FibRules.FRA_SUPPRESS_PREFIXLEN: more |= attribute.UInt32 != uint.MaxValue; break;
                // Told of every rule for a single port; all ones is that port.
                case FibRules.FRA_DPORT_MASK: more |= attribute.UInt16 != ushort.MaxValue; break;
                default: more = true; break;
            }
        }

        return new RoutingRule
        {
            Family = family,
            Priority = priority,
            InputInterface = input,
            Destination = destination is null ? null : new IPNetwork(destination, head.DestinationLength),
            IpProtocol = ipProtocol,
            DestinationPorts = ports,
            Mark = mark,
            MarkMask = mask,
            Table = table,
            Protocol = protocol,
            HasMore = more,
        };
    }
}
