using System.Runtime.InteropServices;

namespace Xdp.Interop.Native;

/// <summary>struct sockaddr_xdp: what bind() takes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SockaddrXdp
{
    public const int Size = 16;
    public ushort Family;
    public ushort Flags;
    public uint Ifindex;
    public uint QueueId;
    public uint SharedUmemFd;
}
