namespace Xdp.Interop.Links.Native;

/// <summary>Message types, attributes, actions and flags of routing rules (linux/rtnetlink.h, linux/fib_rules.h).</summary>
internal static class FibRules
{
    internal const ushort RTM_NEWRULE = 32;
    internal const ushort RTM_DELRULE = 33;
    internal const ushort RTM_GETRULE = 34;

    internal const ushort FRA_DST = 1;
    internal const ushort FRA_SRC = 2;
    internal const ushort FRA_IIFNAME = 3;
    internal const ushort FRA_PRIORITY = 6;
    internal const ushort FRA_FWMARK = 10;
    internal const ushort FRA_SUPPRESS_IFGROUP = 13;
    internal const ushort FRA_SUPPRESS_PREFIXLEN = 14;
    internal const ushort FRA_TABLE = 15;
    internal const ushort FRA_FWMASK = 16;
    internal const ushort FRA_PROTOCOL = 21;
    internal const ushort FRA_IP_PROTO = 22;
    internal const ushort FRA_DPORT_RANGE = 24;
    internal const ushort FRA_DPORT_MASK = 29; // Linux 6.15

    internal const byte FR_ACT_TO_TBL = 1;
    internal const uint FIB_RULE_INVERT = 2;
}
