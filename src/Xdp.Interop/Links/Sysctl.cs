using System.Text;

namespace Xdp.Interop.Links;

/// <summary>Kernel settings below /proc/sys/net, which each network namespace has for itself.</summary>
public static class Sysctl
{
    private const string Root = "/proc/sys/net/";
    private const int ShortValue = 1024; // bytes, as the next
    private const int LongestValue = 512 * 1024; // every second port of a list of ports

    /// <summary>Reads a setting of a namespace; null when this kernel or namespace does not have it.</summary>
    /// <param name="key">Path below /proc/sys/net, with slashes because device names may contain dots: "ipv4/conf/eth0/rp_filter".</param>
    /// <param name="ns">The namespace; null is the calling thread's.</param>
    /// <exception cref="XdpException">The setting exists and cannot be read.</exception>
    public static string? Read(string key, NetworkNamespace? ns = null) => In(ns, () => Try<string?>($"read sysctl net/{key}", () =>
    {
        var path = PathOf(key);
        if (!File.Exists(path)) return null;
        // Nearly all are short, and this is asked once a second: an array for the longest each time would keep the garbage collector busy.
        return ReadOnce(path, stackalloc byte[ShortValue]) ?? ReadOnce(path, new byte[LongestValue]);
    }));

    /// <summary>Writes a setting of a namespace.</summary>
    /// <param name="key">As in <see cref="Read"/>.</param>
    /// <param name="value">The text to write.</param>
    /// <param name="ns">The namespace; null is the calling thread's.</param>
    /// <exception cref="XdpException">The setting does not exist or refuses the value.</exception>
    public static void Write(string key, string value, NetworkNamespace? ns = null) => In(ns, () => Try($"write sysctl net/{key} = {value}", () =>
    {
        // Never create: a key that is missing must be an error that names it.
        using var file = new FileStream(PathOf(key), FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        file.Write(Encoding.ASCII.GetBytes(value));
        return true;
    }));

    /// <summary>Writes a setting unless it has that value already. True when it was changed. A missing key is left alone: false.</summary>
    public static bool Ensure(string key, string value, NetworkNamespace? ns = null)
    {
        if (Read(key, ns) is not { } now || now == value) return false;
        Write(key, value, ns);
        return true;
    }

    // One read for all of it: the kernel tells a list from its beginning or not at all. Null when it may be longer than the buffer.
    private static string? ReadOnce(string path, Span<byte> buffer)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        int length = file.Read(buffer);
        return length < buffer.Length ? Encoding.ASCII.GetString(buffer[..length]).TrimEnd('\n') : null;
    }

    private static string PathOf(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        return key.Contains("..", StringComparison.Ordinal) || key[0] == '/'
            ? throw new ArgumentException($"sysctl key {key} must be a path below /proc/sys/net such as ipv4/ip_forward", nameof(key))
            : Root + key;
    }

    // /proc/sys/net shows the namespace of the thread that opens the file.
    private static T In<T>(NetworkNamespace? ns, Func<T> body) => ns is null ? body() : ns.Run(body);

    private static T Try<T>(string operation, Func<T> body)
    {
        try
        {
            return body();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new XdpException(operation, Errno.ENOENT, "this kernel or namespace has no such setting; does the interface exist?");
        }
        catch (UnauthorizedAccessException)
        {
            throw new XdpException(operation, Errno.EACCES, "needs root, and /proc/sys mounted writable (a container mounts it read-only unless privileged)");
        }
        catch (IOException e)
        {
            // .NET puts the errno into HResult for errors it has no type for.
            throw new XdpException(operation, e.HResult is > 0 and < 4096 ? (Errno)e.HResult : Errno.EIO, e.Message);
        }
    }
}
