using System.Runtime.InteropServices;

namespace Xdp.Interop.Links.Native;

/// <summary>struct ndmsg (linux/neighbour.h): head of the RTM_*NEIGH messages.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct NdMsg
{
    internal const int Size = 12;

    internal byte Family;
    internal byte Pad1;
    internal ushort Pad2;
    internal int Index;
    internal ushort State;
    internal byte Flags;
    internal byte Type;
}
