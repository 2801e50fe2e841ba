using System.Runtime.InteropServices;

namespace Dataplane.Bench.EndToEnd.Tools;

/// <summary>
/// An array of the kernel's `struct mmsghdr` over 64-byte buffers, for sendmmsg and recvmmsg (one system call per batch,
/// or the tool itself would be the limit). Layout of 64-bit Linux: msghdr 56 bytes, msg_len, padding.
/// </summary>
internal sealed class MessageBatch : IDisposable
{
    internal const int Count = 64;   // messages per system call
    internal const int Payload = 64; // bytes per datagram
    private const int HeaderSize = 64; // sizeof(struct mmsghdr)
    private const int VectorSize = 16; // sizeof(struct iovec)
    private const int DontWait = 0x40; // MSG_DONTWAIT
    private readonly IntPtr _memory;

    internal MessageBatch()
    {
        const int total = Count * (HeaderSize + VectorSize + Payload);
        _memory = Marshal.AllocHGlobal(total);
        for (var i = 0; i < total; i += sizeof(long))
        {
            Marshal.WriteInt64(_memory, i, 0);
        }

        for (var i = 0; i < Count; i++)
        {
            var vector = Count * HeaderSize + i * VectorSize;
            var payload = Count * (HeaderSize + VectorSize) + i * Payload;
            Marshal.WriteIntPtr(_memory, vector, _memory + payload);
            Marshal.WriteInt64(_memory, vector + 8, Payload);
            Marshal.WriteIntPtr(_memory, i * HeaderSize + 16, _memory + vector); // msg_iov
            Marshal.WriteInt64(_memory, i * HeaderSize + 24, 1);                 // msg_iovlen
        }
    }

    /// <summary>Sends the batch on a connected socket; how many were taken, or -1 with the errno.</summary>
    internal int Send(int socket, out int errno)
    {
        var sent = Native.SendMmsg(socket, _memory, Count, 0);
        errno = sent < 0 ? Marshal.GetLastPInvokeError() : 0;
        return sent;
    }

    /// <summary>Takes what is in the socket's buffer; how many, or -1 with the errno (EAGAIN: nothing).</summary>
    internal int Receive(int socket, out int errno)
    {
        var received = Native.RecvMmsg(socket, _memory, Count, DontWait, IntPtr.Zero);
        errno = received < 0 ? Marshal.GetLastPInvokeError() : 0;
        return received;
    }

    public void Dispose() => Marshal.FreeHGlobal(_memory);

    // DllImport on blittable types needs no generated (unsafe) code, which only Xdp.Interop may have.
#pragma warning disable SYSLIB1054
    private static class Native
    {
        [DllImport("libc", EntryPoint = "sendmmsg", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static extern int SendMmsg(int socket, IntPtr messages, uint count, int flags);

        [DllImport("libc", EntryPoint = "recvmmsg", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static extern int RecvMmsg(int socket, IntPtr messages, uint count, int flags, IntPtr timeout);
    }
#pragma warning restore SYSLIB1054
}
