namespace Xdp.Interop;

/// <summary>
/// A native call failed. The message names the operation, the object it was applied to, the errno and, where one is known, the remedy:
/// <c>bind(AF_XDP, eth0 queue 3): EOPNOTSUPP (Operation not supported); this driver has no zero-copy, use copy mode</c>.
/// </summary>
public class XdpException : Exception
{
    /// <param name="operation">The call and its object, e.g. "bind(AF_XDP, eth0 queue 3)".</param>
    /// <param name="errno">What the kernel answered.</param>
    /// <param name="remedy">What the operator can do, or null when nothing better than the errno is known.</param>
    public XdpException(string operation, Errno errno, string? remedy = null)
        : base(remedy is null ? $"{operation}: {errno.Describe()}" : $"{operation}: {errno.Describe()}; {remedy}")
    {
        Operation = operation;
        Errno = errno;
        Remedy = remedy;
    }

    /// <summary>The call that failed and its object.</summary>
    public string Operation { get; }

    /// <summary>The error the kernel or the library reported.</summary>
    public Errno Errno { get; }

    /// <summary>What to do about it; null when unknown.</summary>
    public string? Remedy { get; }
}
