using System.Net;
using System.Net.Sockets;

namespace Dataplane.Control.Server;

/// <summary>Binds the control socket: mode 0600 before anyone can connect, and never in the place of a living server's.</summary>
internal static class UnixSocketBinder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Binds, without listening; the caller owns the socket, whose disposal removes the file.</summary>
    /// <param name="path">Absolute path; its directory is made when it is missing.</param>
    /// <exception cref="IOException">Somebody listens there, or what is there is no socket.</exception>
    public static Socket Bind(string path)
    {
        if (OperatingSystem.IsWindows())
            throw new PlatformNotSupportedException("the dataplane runs on Linux");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        RemoveStale(path);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint(path));
            // Between bind and listen the kernel refuses connections, so nobody slips in before the mode is set.
            File.SetUnixFileMode(path, OwnerOnly);
            return socket;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new IOException($"bind {path}: {e.Message}; choose another path with --control", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void RemoveStale(string path)
    {
        if (!File.Exists(path))
            return;
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused && IsSocket(path))
        {
            File.Delete(path);
            return;
        }
        catch (SocketException e)
        {
            throw new IOException(
                IsSocket(path)
                    ? $"control socket {path}: it exists and cannot be tried: {e.Message}"
                    : $"control socket {path}: a file that is no socket is in the way; remove it or choose another path with --control",
                e);
        }
        throw new IOException($"control socket {path}: another process serves it; stop that dataplane or choose another path with --control");
    }

    // .NET names no file types beyond link and directory: a socket is what is neither and yet cannot be opened (ENXIO).
    private static bool IsSocket(string path)
    {
        if ((File.GetAttributes(path) & (FileAttributes.Directory | FileAttributes.ReparsePoint)) != 0)
            return false;
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
