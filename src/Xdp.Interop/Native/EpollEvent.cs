using System.Runtime.InteropServices;

namespace Xdp.Interop.Native;

/// <summary>
/// struct epoll_event. The kernel packs it on x86-64 only (EPOLL_PACKED); AbiTests compare it on the machine
/// that builds, so a port to another architecture fails there and not in the field.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct EpollEvent
{
    public const int Size = 12;
    public uint Events;
    public ulong Data;
}
