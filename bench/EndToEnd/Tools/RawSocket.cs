using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;

namespace Dataplane.Bench.EndToEnd.Tools;

/// <summary>
/// TCP sockets as bare descriptors: a tool that holds tens of thousands of them has no room for an object each, nor for the
/// continuations that Socket's async calls keep. Calls return what the kernel returns, or the negative errno.
/// </summary>
internal static class RawSocket
{
    internal const int Eagain = 11, Einprogress = 115, Emfile = 24, Enfile = 23, Econnaborted = 103, Eintr = 4; // asm-generic/errno*.h
    private const int AfInet = 2, SockStream = 1, NonBlocking = 0x800, CloseOnExec = 0x80000;
    private const int SolSocket = 1, SoReuseAddress = 2, SoError = 4, SoLinger = 13;
    private const int NoSignal = 0x4000; // MSG_NOSIGNAL
    private const int AddressSize = 16;  // struct sockaddr_in

    /// <summary>A non-blocking TCP socket.</summary>
    internal static int Open() => Check(Native.Socket(AfInet, SockStream | NonBlocking | CloseOnExec, 0));

    /// <summary>A non-blocking socket that listens on a port of all addresses, with the longest queue the kernel permits.</summary>
    internal static int Listen(int port)
    {
        var socket = Open();
        var one = Marshal.AllocHGlobal(sizeof(int));
        var address = Address(new IPEndPoint(IPAddress.Any, port));
        try
        {
            Marshal.WriteInt32(one, 1);
            foreach (var result in (int[])[
                socket, Check(Native.SetOption(socket, SolSocket, SoReuseAddress, one, sizeof(int))),
                Check(Native.Bind(socket, address, AddressSize)), Check(Native.Listen(socket, ushort.MaxValue))])
            {
                if (result < 0)
                    throw new BenchException($"listen on port {port}: errno {-result}");
            }

            return socket;
        }
        finally
        {
            Marshal.FreeHGlobal(one);
            Marshal.FreeHGlobal(address);
        }
    }

    /// <summary>A struct sockaddr_in; the caller frees it.</summary>
    internal static IntPtr Address(IPEndPoint endPoint)
    {
        Span<byte> bytes = stackalloc byte[AddressSize];
        bytes.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, AfInet);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)endPoint.Port);
        endPoint.Address.TryWriteBytes(bytes[4..], out _);
        var memory = Marshal.AllocHGlobal(AddressSize);
        Marshal.Copy(bytes.ToArray(), 0, memory, AddressSize);
        return memory;
    }

    /// <summary>A connection that waits, as a non-blocking socket.</summary>
    internal static int Accept(int listener) => Check(Native.Accept(listener, IntPtr.Zero, IntPtr.Zero, NonBlocking | CloseOnExec));

    /// <summary>Starts to connect: 0, or -EINPROGRESS.</summary>
    internal static int Connect(int socket, IntPtr address) => Check(Native.Connect(socket, address, AddressSize));

    /// <summary>Sends; a peer that is gone is an error and no signal.</summary>
    internal static int Send(int socket, IntPtr bytes, int count) => Check((int)Native.Send(socket, bytes, count, NoSignal));

    /// <summary>Receives; 0: the peer has closed.</summary>
    internal static int Receive(int socket, IntPtr bytes, int count) => Check((int)Native.Receive(socket, bytes, count, 0));

    /// <summary>The errno that waits on a socket (SO_ERROR), and takes it off.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="scratch">Eight bytes.</param>
    internal static int TakeError(int socket, IntPtr scratch)
    {
        Marshal.WriteInt32(scratch, 0);
        Marshal.WriteInt32(scratch, sizeof(int), sizeof(int));
        var result = Check(Native.GetOption(socket, SolSocket, SoError, scratch, scratch + sizeof(int)));
        return result < 0 ? -result : Marshal.ReadInt32(scratch);
    }

    /// <summary>Closes; a descriptor cannot be closed better a second time, so errors do not matter.</summary>
    internal static void Close(int socket) => _ = Native.Close(socket);

    /// <summary>Ends a connection by RST: its port is free at once, where a FIN would keep it in TIME_WAIT for a minute.</summary>
    internal static void Reset(int socket)
    {
        var linger = Marshal.AllocHGlobal(sizeof(long));
        Marshal.WriteInt64(linger, 1); // struct linger: l_onoff 1, l_linger 0
        _ = Native.SetOption(socket, SolSocket, SoLinger, linger, sizeof(long));
        Marshal.FreeHGlobal(linger);
        Close(socket);
    }

    private static int Check(int result) => result >= 0 ? result : -Marshal.GetLastPInvokeError();

    // DllImport on blittable types needs no generated (unsafe) code, which only Xdp.Interop may have.
#pragma warning disable SYSLIB1054
    private static class Native
    {
        [DllImport("libc", EntryPoint = "socket", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static extern int Socket(int family, int type, int protocol);

        [DllImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static extern int SetOption(int socket, int level, int option, IntPtr value, uint length);

        [DllImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static extern int GetOption(int socket, int level, int option, IntPtr value, IntPtr length);

        [DllImport("libc", EntryPoint = "bind", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static extern int Bind(int socket, IntPtr address, uint length);

        [DllImport("libc", EntryPoint = "listen", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static extern int Listen(int socket, int backlog);

        [DllImport("libc", EntryPoint = "accept4", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static extern int Accept(int socket, IntPtr address, IntPtr length, int flags);

        [DllImport("libc", EntryPoint = "connect", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static extern int Connect(int socket, IntPtr address, uint length);

        [DllImport("libc", EntryPoint = "send", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static extern nint Send(int socket, IntPtr bytes, nint count, int flags);

        [DllImport("libc", EntryPoint = "recv", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static extern nint Receive(int socket, IntPtr bytes, nint count, int flags);

        [DllImport("libc", EntryPoint = "close", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        internal static extern int Close(int socket);
    }
#pragma warning restore SYSLIB1054
}
