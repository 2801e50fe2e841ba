namespace Xdp.Interop.Links;

/// <summary>
/// The kernel refused a netlink request, or answered with bytes that are not netlink.
/// The message names the operation with its object, the errno, the kernel's own words (extended ack) and the remedy.
/// </summary>
public sealed class NetlinkException : XdpException
{
    internal NetlinkException(string operation, Errno errno, string? kernelText = null, string? remedy = null)
        : base(operation, errno, Join(kernelText, remedy ?? RemedyFor(errno)))
    {
        KernelText = kernelText;
    }

    /// <summary>The text of NETLINK_EXT_ACK, e.g. "Nexthop has invalid gateway"; null when the kernel gave none.</summary>
    public string? KernelText { get; }

    internal static NetlinkException Malformed(string what) =>
        new("decode netlink", Errno.EBADMSG, what, "the kernel's answer breaks the netlink format; report it with the kernel version");

    private static string? Join(string? kernelText, string? remedy) => (kernelText, remedy) switch
    {
        (null, _) => remedy,
        (_, null) => $"kernel: {kernelText}",
        _ => $"kernel: {kernelText}; {remedy}",
    };

    private static string? RemedyFor(Errno errno) => errno switch
    {
        Errno.EPERM or Errno.EACCES => "needs CAP_NET_ADMIN in the user namespace that owns the network namespace",
        Errno.ENODEV => "no such interface in this network namespace",
        Errno.EOPNOTSUPP => "the kernel or its driver lacks this; check CONFIG_VETH and the kernel version",
        Errno.ENOBUFS or Errno.ENOMEM => "the kernel is out of memory or socket buffer",
        Errno.ENETDOWN => "set the link up first",
        _ => null,
    };
}
