using System.Text;

namespace Dataplane.Contracts.Grpc;

/// <summary>The form <c>unix:///absolute/path</c> in which the control socket is named on command lines and in files.</summary>
public static class UnixSocketAddress
{
    // sun_path of sockaddr_un is 108 bytes with its terminating zero (unix(7)).
    private const int MaxPathLength = 107;

    /// <summary>Path of the socket.</summary>
    /// <param name="address"><c>unix:///path</c>, or <c>unix:/path</c> as gRPC also allows.</param>
    /// <exception cref="ArgumentException">Another form, or too long a path; the message says which and how to write it.</exception>
    public static string ParsePath(string address)
    {
        ArgumentNullException.ThrowIfNull(address);
        string path = address.StartsWith("unix://", StringComparison.Ordinal) ? address["unix://".Length..]
            : address.StartsWith("unix:", StringComparison.Ordinal) ? address["unix:".Length..]
            : "";
        if (path.Length < 2 || path[0] != '/')
            throw new ArgumentException($"'{address}' is not a control address; write unix:///absolute/path, for example unix:///run/dataplane/control.sock");
        if (Encoding.UTF8.GetByteCount(path) > MaxPathLength)
            throw new ArgumentException($"'{address}': the path of a Unix socket has at most {MaxPathLength} bytes; choose a shorter one");
        return path;
    }
}
