using System.Runtime.InteropServices;

namespace Xdp.Interop.Links.Native;

/// <summary>struct pollfd (poll.h).</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct PollFd
{
    internal const int Size = 8;

    internal int Fd;
    internal short Events;
    internal short Returned;
}
