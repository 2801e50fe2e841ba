using System.Runtime.InteropServices;

namespace Xdp.Interop.Links.Native;

/// <summary>struct fib_rule_hdr (linux/fib_rules.h): head of the RTM_*RULE messages.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct FibRuleHdr
{
    internal const int Size = 12;

    internal byte Family;
    internal byte DestinationLength; // bits
    internal byte SourceLength;      // bits
    internal byte Tos;
    internal byte Table;
    internal byte Reserved1;
    internal byte Reserved2;
    internal byte Action;
    internal uint Flags;
}
