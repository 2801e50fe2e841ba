using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using Dataplane.Testing;
using Xdp.Interop.Links.Native;
using Xunit;

namespace Xdp.Interop.Tests.Links;

/// <summary>Compiles a C program against the kernel's headers and compares every struct field and constant of Links/Native with it.</summary>
public class LinksAbiTests
{
    // C struct, then our fields in order with their C names; "" is padding of ours without a C name.
    private static readonly Dictionary<Type, (string Struct, string[] Fields)> Structs = new()
    {
        [typeof(SockAddrNl)] = ("struct sockaddr_nl", ["nl_family", "nl_pad", "nl_pid", "nl_groups"]),
        [typeof(Statx)] = ("struct statx", ["stx_mask", "stx_ino"]),
        [typeof(PollFd)] = ("struct pollfd", ["fd", "events", "revents"]),
        [typeof(NlMsgHdr)] = ("struct nlmsghdr", ["nlmsg_len", "nlmsg_type", "nlmsg_flags", "nlmsg_seq", "nlmsg_pid"]),
        [typeof(NlAttr)] = ("struct nlattr", ["nla_len", "nla_type"]),
        [typeof(IfInfoMsg)] = ("struct ifinfomsg", ["ifi_family", "__ifi_pad", "ifi_type", "ifi_index", "ifi_flags", "ifi_change"]),
        [typeof(IfAddrMsg)] = ("struct ifaddrmsg", ["ifa_family", "ifa_prefixlen", "ifa_flags", "ifa_scope", "ifa_index"]),
        [typeof(IfaCacheInfo)] = ("struct ifa_cacheinfo", ["ifa_prefered", "ifa_valid", "cstamp", "tstamp"]),
        [typeof(RtMsg)] = ("struct rtmsg", ["rtm_family", "rtm_dst_len", "rtm_src_len", "rtm_tos", "rtm_table", "rtm_protocol", "rtm_scope", "rtm_type", "rtm_flags"]),
        [typeof(FibRuleHdr)] = ("struct fib_rule_hdr", ["family", "dst_len", "src_len", "tos", "table", "res1", "res2", "action", "flags"]),
        [typeof(FibRulePortRange)] = ("struct fib_rule_port_range", ["start", "end"]),
        [typeof(RtNextHop)] = ("struct rtnexthop", ["rtnh_len", "rtnh_flags", "rtnh_hops", "rtnh_ifindex"]),
        [typeof(NdMsg)] = ("struct ndmsg", ["ndm_family", "ndm_pad1", "ndm_pad2", "ndm_ifindex", "ndm_state", "ndm_flags", "ndm_type"]),
        [typeof(IfReqData)] = ("struct ifreq", ["ifr_name", "ifr_data", ""]),
        [typeof(EthtoolDrvInfo)] = ("struct ethtool_drvinfo", ["cmd", "driver", "version", "fw_version", "bus_info", "erom_version", "reserved2", "n_priv_flags", "n_stats", "testinfo_len", "eedump_len", "regdump_len"]),
        [typeof(EthtoolChannels)] = ("struct ethtool_channels", ["cmd", "max_rx", "max_tx", "max_other", "max_combined", "rx_count", "tx_count", "other_count", "combined_count"]),
        [typeof(EthtoolRingParam)] = ("struct ethtool_ringparam", ["cmd", "rx_max_pending", "rx_mini_max_pending", "rx_jumbo_max_pending", "tx_max_pending", "rx_pending", "rx_mini_pending", "rx_jumbo_pending", "tx_pending"]),
        [typeof(EthtoolGetFeaturesBlock)] = ("struct ethtool_get_features_block", ["available", "requested", "active", "never_changed"]),
        [typeof(EthtoolSetFeaturesBlock)] = ("struct ethtool_set_features_block", ["valid", "requested"]),
    };

    private const BindingFlags Fields = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    [Fact]
    public void EveryNativeStructIsListed()
    {
        var native = typeof(NlMsgHdr).Assembly.GetTypes()
            .Where(t => t is { IsValueType: true, Namespace: "Xdp.Interop.Links.Native", IsNested: false });
        Assert.Equal(native.Select(t => t.Name).Order(), Structs.Keys.Select(t => t.Name).Order());
    }

    [Fact]
    public void StructsAndConstantsAgreeWithTheHeaders()
    {
        var ours = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var program = new StringBuilder("""
            #define _GNU_SOURCE
            #include <stdio.h>
            #include <stddef.h>
            #include <sched.h>
            #include <fcntl.h>
            #include <poll.h>
            #include <sys/socket.h>
            #include <sys/stat.h>
            #include <sys/eventfd.h>
            #include <sys/ioctl.h>
            #include <net/if.h>
            #include <linux/netlink.h>
            #include <linux/rtnetlink.h>
            #include <linux/fib_rules.h>
            #include <linux/if_link.h>
            #include <linux/if_addr.h>
            #include <linux/neighbour.h>
            #include <linux/veth.h>
            #include <linux/nsfs.h>
            #include <linux/sockios.h>
            #include <linux/ethtool.h>
            #define FRA_DPORT_MASK 29 /* Linux 6.15; NetlinkRulesTests reads what the running kernel writes */
            #define show(name, value) printf("%s=%lld\n", name, (long long)(value))
            int main(void) {

            """);

        void Compare(string expression, long value)
        {
            ours.Add(expression, value);
            program.AppendLine(CultureInfo.InvariantCulture, $"show(\"{expression}\", {expression});");
        }

        foreach (var (type, (name, fields)) in Structs)
        {
            var declared = (int)type.GetField("Size", BindingFlags.Static | BindingFlags.NonPublic)!.GetRawConstantValue()!;
            Assert.Equal(declared, Marshal.SizeOf(type));
            Compare($"sizeof({name})", declared);
            foreach (var (field, c) in type.GetFields(Fields).Zip(fields))
                if (c.Length > 0) Compare($"offsetof({name}, {c})", (long)Marshal.OffsetOf(type, field.Name));
            Assert.Equal(fields.Length, type.GetFields(Fields).Length);
        }

        foreach (var type in (Type[])[typeof(Nl), typeof(Rtnl), typeof(FibRules), typeof(EthtoolAbi), typeof(LinksLibC)])
        {
            foreach (var constant in type.GetFields(BindingFlags.Static | BindingFlags.NonPublic).Where(f => f.IsLiteral))
            {
                var value = constant.GetRawConstantValue() is UIntPtr word ? (long)word : Convert.ToInt64(constant.GetRawConstantValue(), CultureInfo.InvariantCulture);
                // C defines the mask of an attribute's type by what it leaves out.
                Compare(constant.Name == "NLA_TYPE_MASK" ? "NLA_TYPE_MASK & 0xffff" : constant.Name, value);
            }
        }

        program.AppendLine("return 0; }");
        Assert.Equal(ours, Run(program.ToString()));
    }

    private static SortedDictionary<string, long> Run(string program)
    {
        var folder = Directory.CreateTempSubdirectory("links-abi-");
        try
        {
            var source = Path.Combine(folder.FullName, "abi.c");
            var binary = Path.Combine(folder.FullName, "abi");
            File.WriteAllText(source, program);
            Command.Run("clang", "-Wno-everything", "-o", binary, source);
            var lines = Command.Run(binary).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split('='));
            return new SortedDictionary<string, long>(lines.ToDictionary(l => l[0], l => long.Parse(l[1], CultureInfo.InvariantCulture)), StringComparer.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
