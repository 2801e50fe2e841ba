using System.Net.Sockets;
using System.Runtime.InteropServices;
using Xdp.Interop.Links.Native;

namespace Xdp.Interop.Links;

/// <summary>Requests about routing rules. Obtained from <see cref="NetlinkSocket.Rules"/>. All methods throw <see cref="NetlinkException"/>.</summary>
public sealed class NetlinkRules
{
    private readonly NetlinkSocket _socket;

    internal NetlinkRules(NetlinkSocket socket) => _socket = socket;

    /// <summary>Adds a rule. False when there is one that agrees in everything.</summary>
    public bool Add(RoutingRule rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        if (rule.HasMore) throw new ArgumentException($"rule {rule} was read from the kernel and says more than can be written", nameof(rule));
        using var request = new NetlinkRequestLease();
        var failure = _socket.TryExecute(Write(request.Message, FibRules.RTM_NEWRULE, Nl.NLM_F_ACK | Nl.NLM_F_CREATE | Nl.NLM_F_EXCL, rule));
        if (failure is null) return true;
        return failure.Errno == Errno.EEXIST ? false : throw failure.ToException($"add rule {rule}", failure.Errno switch
        {
            Errno.EAFNOSUPPORT or Errno.EOPNOTSUPP => "the kernel was built without CONFIG_IP_MULTIPLE_TABLES",
            Errno.EINVAL => "rules by protocol and port need Linux 4.17",
            _ => null,
        });
    }

    /// <summary>
    /// Deletes the first rule that agrees in priority, table, protocol and everything else that is set; what is not set, the kernel does not
    /// compare. False when there is none.
    /// </summary>
    public bool Delete(RoutingRule rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        using var request = new NetlinkRequestLease();
        var failure = _socket.TryExecute(Write(request.Message, FibRules.RTM_DELRULE, Nl.NLM_F_ACK, rule));
        if (failure is null) return true;
        return failure.Errno == Errno.ENOENT ? false : throw failure.ToException($"delete rule {rule}");
    }

    /// <summary>The rules of a family, or of both, in the order in which they are asked. A family that this kernel does not have has none.</summary>
    public IReadOnlyList<RoutingRule> List(AddressFamily family = AddressFamily.Unspecified)
    {
        using var request = new NetlinkRequestLease();
        request.Message.Begin(FibRules.RTM_GETRULE, Nl.NLM_F_DUMP, new FibRuleHdr { Family = Number(family) });
        try
        {
            return _socket.Dump(request.Message, RoutingRule.Decode, "list rules");
        }
        catch (NetlinkException e) when (e.Errno == Errno.EAFNOSUPPORT)
        {
            return []; // IPv6 is switched off for the whole kernel
        }
    }

    private static byte Number(AddressFamily family) => family switch
    {
        AddressFamily.Unspecified => 0,
        AddressFamily.InterNetwork => LinksLibC.AF_INET,
        AddressFamily.InterNetworkV6 => LinksLibC.AF_INET6,
        _ => throw new ArgumentException($"rules are of IPv4 or IPv6, not of {family}", nameof(family)),
    };

    private static NetlinkRequest Write(NetlinkRequest message, ushort type, int flags, RoutingRule rule)
    {
        if (rule.Destination is { } to && to.BaseAddress.AddressFamily != rule.Family)
            throw new ArgumentException($"rule {rule}: its destination is not of its family", nameof(rule));
        message.Begin(type, (ushort)flags, new FibRuleHdr
        {
            Family = Number(rule.Family),
            DestinationLength = (byte)(rule.Destination?.PrefixLength ?? 0),
            Table = rule.Table < 256 ? (byte)rule.Table : Rtnl.RT_TABLE_UNSPEC,
            Action = FibRules.FR_ACT_TO_TBL,
        });
        message.AddUInt32(FibRules.FRA_PRIORITY, rule.Priority).AddUInt32(FibRules.FRA_TABLE, rule.Table).Add(FibRules.FRA_PROTOCOL, [(byte)rule.Protocol]);
        if (rule.InputInterface is { } input) message.AddText(FibRules.FRA_IIFNAME, input);
        if (rule.Destination is { PrefixLength: > 0 } destination) message.AddAddress(FibRules.FRA_DST, destination.BaseAddress);
        if (rule.IpProtocol != 0) message.Add(FibRules.FRA_IP_PROTO, [rule.IpProtocol]);
        if (rule.DestinationPorts is var (first, last))
        {
            var range = new FibRulePortRange { First = first, Last = last };
            message.Add(FibRules.FRA_DPORT_RANGE, MemoryMarshal.AsBytes(new ReadOnlySpan<FibRulePortRange>(in range)));
        }
        if (rule.MarkMask != 0) message.AddUInt32(FibRules.FRA_FWMARK, rule.Mark).AddUInt32(FibRules.FRA_FWMASK, rule.MarkMask);
        return message;
    }
}
