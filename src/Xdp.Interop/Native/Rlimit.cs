using System.Runtime.InteropServices;

namespace Xdp.Interop.Native;

/// <summary>struct rlimit; all ones means no limit.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Rlimit
{
    public const int Size = 16;
    public ulong Current;
    public ulong Maximum;
}
