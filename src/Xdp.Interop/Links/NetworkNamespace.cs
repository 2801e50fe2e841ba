using System.Runtime.ExceptionServices;
using Microsoft.Win32.SafeHandles;
using Xdp.Interop.Links.Native;

namespace Xdp.Interop.Links;

/// <summary>
/// A network namespace, held open by a file descriptor: it lives at least as long as this object. Equality is by <see cref="Id"/>.
/// </summary>
public sealed class NetworkNamespace : IDisposable, IEquatable<NetworkNamespace>
{
    private NetworkNamespace(SafeFileHandle handle, string name)
    {
        Handle = handle;
        Name = name;
        Id = ReadId(handle);
    }

    /// <summary>The descriptor of the namespace, owned by this object.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>How it was opened, for messages.</summary>
    public string Name { get; }

    /// <summary>The inode of the namespace: equal for two descriptors of the same namespace.</summary>
    public long Id { get; }

    /// <summary>A path that other processes can open while this object lives, e.g. for <c>nsenter --net=PATH</c>.</summary>
    public string Path => $"/proc/{Environment.ProcessId}/fd/{Handle.DangerousGetHandle()}";

    /// <summary>Opens a namespace by its file, e.g. /run/netns/NAME or /proc/PID/ns/net.</summary>
    /// <exception cref="XdpException">The file is missing, unreadable or not a network namespace.</exception>
    public static unsafe NetworkNamespace Open(string path)
    {
        var handle = LinksLibC.Open(path);
        if (handle.IsInvalid)
            throw new XdpException($"open network namespace {path}", ErrnoExtensions.Last(), "check the path; it is a file such as /run/netns/NAME or /proc/PID/ns/net");

        if (LinksLibC.ioctl(handle, LinksLibC.NS_GET_NSTYPE, null) != LinksLibC.CLONE_NEWNET)
        {
            handle.Dispose();
            throw new XdpException($"open network namespace {path}", Errno.EINVAL, "this file is not a network namespace (after a reboot /run/netns/NAME may be an empty file)");
        }

        return new NetworkNamespace(handle, path);
    }

    /// <summary>The namespace of the calling thread.</summary>
    public static NetworkNamespace Current() => Open("/proc/thread-self/ns/net");

    /// <summary>A new, empty namespace without a name: it disappears with the last descriptor, socket and process in it.</summary>
    /// <exception cref="XdpException">unshare failed; it needs CAP_SYS_ADMIN.</exception>
    public static NetworkNamespace CreateAnonymous() => OnOwnThread(() =>
    {
        if (LinksLibC.unshare(LinksLibC.CLONE_NEWNET) != 0)
            throw new XdpException("unshare(CLONE_NEWNET)", ErrnoExtensions.Last(), "needs CAP_SYS_ADMIN");
        return Current();
    });

    /// <summary>
    /// Runs <paramref name="body"/> inside the namespace on a thread of its own that dies afterwards, so no other code ever sees the changed namespace.
    /// Sockets opened in the body stay bound to the namespace. Costs about 0.1 ms. Exceptions come back to the caller.
    /// </summary>
    /// <exception cref="XdpException">setns failed; it needs CAP_SYS_ADMIN.</exception>
    public T Run<T>(Func<T> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return OnOwnThread(() =>
        {
            if (LinksLibC.setns(Handle, LinksLibC.CLONE_NEWNET) != 0)
                throw new XdpException($"setns({Name})", ErrnoExtensions.Last(), "needs CAP_SYS_ADMIN");
            return body();
        });
    }

    /// <inheritdoc cref="Run{T}"/>
    public void Run(Action body)
    {
        ArgumentNullException.ThrowIfNull(body);
        Run(() =>
        {
            body();
            return true;
        });
    }

    public void Dispose() => Handle.Dispose();

    public bool Equals(NetworkNamespace? other) => other is not null && other.Id == Id;

    public override bool Equals(object? obj) => Equals(obj as NetworkNamespace);

    public override int GetHashCode() => Id.GetHashCode();

    public override string ToString() => Name;

    private static T OnOwnThread<T>(Func<T> body)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                result = body();
            }
#pragma warning disable CA1031 // The exception is rethrown on the caller's thread.
            catch (Exception e)
#pragma warning restore CA1031
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        }, maxStackSize: 256 * 1024)
        {
            IsBackground = true,
            Name = "netns",
        };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    private static long ReadId(SafeFileHandle handle)
    {
        // Not the link in /proc/self/fd: for a namespace opened by its name it reads as that name.
        if (LinksLibC.statx(handle, "", LinksLibC.AT_EMPTY_PATH, LinksLibC.STATX_INO, out var result) == 0) return (long)result.Inode;
        throw new XdpException("read the inode of a network namespace", ErrnoExtensions.Last());
    }
}
