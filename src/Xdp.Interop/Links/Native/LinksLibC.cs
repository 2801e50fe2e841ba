using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Xdp.Interop.Links.Native;

/// <summary>The C library calls that netlink, ethtool and network namespaces need.</summary>
internal static unsafe partial class LinksLibC
{
    internal const int O_RDONLY = 0;
    internal const int O_CLOEXEC = 0x80000;
    internal const int AT_EMPTY_PATH = 0x1000;
    internal const uint STATX_INO = 0x100;
    internal const int CLONE_NEWNET = 0x40000000;
    internal const nuint NS_GET_NSTYPE = 0xb703; // linux/nsfs.h: _IO(0xb7, 0x3)
    internal const nuint SIOCETHTOOL = 0x8946;

    internal const int AF_INET = 2;
    internal const int AF_INET6 = 10;
    internal const int AF_NETLINK = 16;
    internal const int SOCK_DGRAM = 2;
    internal const int SOCK_RAW = 3;
    internal const int SOCK_CLOEXEC = 0x80000;
    internal const int NETLINK_ROUTE = 0;
    internal const int SOL_SOCKET = 1;
    internal const int SO_RCVBUF = 8;
    internal const int SO_RCVTIMEO = 20;
    internal const int SO_RCVBUFFORCE = 33;
    internal const int SOL_NETLINK = 270;
    internal const int NETLINK_ADD_MEMBERSHIP = 1;
    internal const int NETLINK_CAP_ACK = 10;
    internal const int NETLINK_EXT_ACK = 11;
    internal const int NETLINK_GET_STRICT_CHK = 12;
    internal const int MSG_TRUNC = 0x20;
    internal const int MSG_DONTWAIT = 0x40;
    internal const short POLLIN = 1;
    internal const int EFD_CLOEXEC = 0x80000;
    internal const int EFD_NONBLOCK = 0x800;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFd(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setns(SafeFileHandle fd, int nstype);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int unshare(int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int statx(SafeFileHandle fd, string path, int flags, uint mask, out Statx result);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int SocketFd(int domain, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventFd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int bind(SafeFileHandle fd, SockAddrNl* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setsockopt(SafeFileHandle fd, int level, int name, void* value, uint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint send(SafeFileHandle fd, byte* buffer, nuint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint recvfrom(SafeFileHandle fd, byte* buffer, nuint length, int flags, SockAddrNl* source, uint* sourceLength);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint write(SafeFileHandle fd, void* buffer, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint read(SafeFileHandle fd, void* buffer, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int poll(PollFd* descriptors, nuint count, int timeoutMilliseconds);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int ioctl(SafeFileHandle fd, nuint request, void* argument);

    /// <summary>open(2) with O_CLOEXEC; an invalid handle on failure, with the errno left for <see cref="ErrnoExtensions.Last"/>.</summary>
    internal static SafeFileHandle Open(string path) => new(OpenFd(path, O_RDONLY | O_CLOEXEC), ownsHandle: true);

    /// <summary>socket(2) with SOCK_CLOEXEC; an invalid handle on failure.</summary>
    internal static SafeFileHandle Socket(int domain, int type, int protocol) => new(SocketFd(domain, type | SOCK_CLOEXEC, protocol), ownsHandle: true);

    /// <summary>A non-blocking eventfd(2); an invalid handle on failure.</summary>
    internal static SafeFileHandle Event() => new(EventFd(0, EFD_CLOEXEC | EFD_NONBLOCK), ownsHandle: true);

    /// <summary>setsockopt(2) with an int value; false on failure, with the errno left for <see cref="ErrnoExtensions.Last"/>.</summary>
    internal static bool SetOption(SafeFileHandle fd, int level, int name, int value) =>
        setsockopt(fd, level, name, &value, sizeof(int)) == 0;
}
