using System.Runtime.InteropServices;

namespace Xdp.Interop.Links.Native;

/// <summary>struct ifreq (linux/if.h) as SIOCETHTOOL reads it: a name and a pointer to the command.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal unsafe struct IfReqData
{
    internal const int Size = 40; // the union is 24 bytes long on 64-bit machines

    internal fixed byte Name[16]; // zero-terminated
    internal void* Data;
    private fixed byte _rest[16];
}
