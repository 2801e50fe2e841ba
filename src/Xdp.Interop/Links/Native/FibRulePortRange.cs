using System.Runtime.InteropServices;

namespace Xdp.Interop.Links.Native;

/// <summary>struct fib_rule_port_range (linux/fib_rules.h): ports in host order, both ends included.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct FibRulePortRange
{
    internal const int Size = 4;

    internal ushort First;
    internal ushort Last;
}
