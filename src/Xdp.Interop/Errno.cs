namespace Xdp.Interop;

/// <summary>
/// A Linux error number (asm-generic/errno*.h; equal on x86-64 and arm64), so that callers compare names and never bare integers.
/// A value without a member is carried unchanged; <see cref="ErrnoExtensions.Name"/> prints it as a number.
/// </summary>
public enum Errno
{
    /// <summary>No error.</summary>
    None = 0,
    /// <summary>Operation not permitted: a capability is missing, or the kernel forbids it (freplace, locked BPF).</summary>
    EPERM = 1,
    /// <summary>No such file, device, map key or link.</summary>
    ENOENT = 2,
    /// <summary>No such process or, from netlink, no such object.</summary>
    ESRCH = 3,
    /// <summary>A signal interrupted the call; repeat it.</summary>
    EINTR = 4,
    /// <summary>Input/output error.</summary>
    EIO = 5,
    /// <summary>No such device or address; from an XDP socket: it is not bound, or its device is gone.</summary>
    ENXIO = 6,
    /// <summary>Argument list too long; from BPF: the key exceeds the map, or the program is too large.</summary>
    E2BIG = 7,
    /// <summary>Bad file descriptor.</summary>
    EBADF = 9,
    /// <summary>Try again: transmit budget used, completion ring full, or send buffer full.</summary>
    EAGAIN = 11,
    /// <summary>Out of memory, or over RLIMIT_MEMLOCK without CAP_IPC_LOCK.</summary>
    ENOMEM = 12,
    /// <summary>Permission denied; from the BPF verifier: the program was rejected.</summary>
    EACCES = 13,
    /// <summary>Bad address.</summary>
    EFAULT = 14,
    /// <summary>Busy: the queue has a socket, the device has a program, or a packet was dropped below us.</summary>
    EBUSY = 16,
    /// <summary>Already exists.</summary>
    EEXIST = 17,
    /// <summary>Cross-device link.</summary>
    EXDEV = 18,
    /// <summary>No such device.</summary>
    ENODEV = 19,
    /// <summary>Not a directory.</summary>
    ENOTDIR = 20,
    /// <summary>Is a directory.</summary>
    EISDIR = 21,
    /// <summary>Invalid argument; often a flag this kernel does not know.</summary>
    EINVAL = 22,
    /// <summary>Too many open files in the system.</summary>
    ENFILE = 23,
    /// <summary>Too many open files in this process.</summary>
    EMFILE = 24,
    /// <summary>No space left on device.</summary>
    ENOSPC = 28,
    /// <summary>Read-only file system.</summary>
    EROFS = 30,
    /// <summary>Broken pipe.</summary>
    EPIPE = 32,
    /// <summary>Result out of range; from XDP attach: the device MTU is too large for the program.</summary>
    ERANGE = 34,
    /// <summary>Name too long.</summary>
    ENAMETOOLONG = 36,
    /// <summary>Function not implemented by this kernel.</summary>
    ENOSYS = 38,
    /// <summary>Too many symbolic links.</summary>
    ELOOP = 40,
    /// <summary>No data available.</summary>
    ENODATA = 61,
    /// <summary>Protocol error.</summary>
    EPROTO = 71,
    /// <summary>Bad message.</summary>
    EBADMSG = 74,
    /// <summary>Value too large for its type.</summary>
    EOVERFLOW = 75,
    /// <summary>Message too long.</summary>
    EMSGSIZE = 90,
    /// <summary>Protocol option not known to this kernel.</summary>
    ENOPROTOOPT = 92,
    /// <summary>Protocol not supported.</summary>
    EPROTONOSUPPORT = 93,
    /// <summary>Operation not supported by this driver or kernel.</summary>
    EOPNOTSUPP = 95,
    /// <summary>Address family not supported: the kernel was built without it.</summary>
    EAFNOSUPPORT = 97,
    /// <summary>Address in use.</summary>
    EADDRINUSE = 98,
    /// <summary>Address not available.</summary>
    EADDRNOTAVAIL = 99,
    /// <summary>Network is down; from an XDP socket: the device was removed or set down.</summary>
    ENETDOWN = 100,
    /// <summary>Network unreachable.</summary>
    ENETUNREACH = 101,
    /// <summary>No buffer space: no TX ring, or an skb could not be allocated.</summary>
    ENOBUFS = 105,
    /// <summary>Timed out.</summary>
    ETIMEDOUT = 110,
    /// <summary>Connection refused.</summary>
    ECONNREFUSED = 111,
    /// <summary>No route to host.</summary>
    EHOSTUNREACH = 113,
    /// <summary>Already in progress.</summary>
    EALREADY = 114,
    /// <summary>Operation cancelled.</summary>
    ECANCELED = 125,
}
