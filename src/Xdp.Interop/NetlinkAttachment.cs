using System.Text;
using Xdp.Interop.Native;

namespace Xdp.Interop;

/// <summary>
/// Attaches one program directly to a device (bpf_xdp_attach, over netlink). It outlives the process, and only gives way to a program of the
/// same name: someone else's is never replaced or removed. To read a name the kernel wants CAP_SYS_ADMIN; without it,
/// whatever runs on a device of our own counts as our predecessor's, and on a shared device as someone else's.
/// </summary>
internal static unsafe class NetlinkAttachment
{
    /// <param name="programFd">The program.</param>
    /// <param name="name">Its name, which a predecessor's program must have to be replaced.</param>
    /// <param name="ifindex">The device.</param>
    /// <param name="mode">Where the program runs.</param>
    /// <param name="shared">Whether others may have programs on this device.</param>
    /// <exception cref="XdpException">As <see cref="XdpProgram.Attach"/>.</exception>
    public static void Attach(int programFd, string name, int ifindex, XdpMode mode, bool shared)
    {
        string target = $"{name} on {InterfaceName.FromIndex(ifindex)}, {mode}";
        DetachByName(ifindex, name, except: mode, shared); // native and generic exclude each other
        using var existing = Existing(ifindex, mode, out bool unknown);
        if (existing is not null && NameOf(existing) is var owner && owner != name)
            throw new XdpException($"bpf_xdp_attach({target})", Errno.EBUSY, $"the device already runs XDP program '{owner}'; remove it (ip link set DEV xdp off)");

        var options = new BpfXdpAttachOpts { StructSize = BpfXdpAttachOpts.Size, OldProgramFd = existing?.Number ?? 0 };
        uint flags = FlagsOf(mode);
        if (existing is not null)
            flags |= LibBpf.XDP_FLAGS_REPLACE;
        else if (!unknown || shared)
            flags |= LibBpf.XDP_FLAGS_UPDATE_IF_NOEXIST;
        Errno error = LibBpf.ErrorOf(LibBpf.bpf_xdp_attach(ifindex, programFd, flags, &options));
        if (error != Errno.None)
            throw new XdpException($"bpf_xdp_attach({target})", error, error switch
            {
                Errno.EPERM => "CAP_NET_ADMIN and CAP_BPF are needed",
                Errno.ENODEV => "there is no such device in this network namespace",
                Errno.EBUSY or Errno.EEXIST when unknown => "a program is attached that cannot be looked at without CAP_SYS_ADMIN; remove it (ip link set DEV xdp off)",
                Errno.EBUSY or Errno.EEXIST => "another XDP program came first; remove it (ip link set DEV xdp off)",
                Errno.EOPNOTSUPP => "this driver has no native XDP; use generic mode",
                Errno.ERANGE or Errno.EINVAL => "the driver refuses the program at this MTU or with these offloads; lower the MTU or use generic mode",
                Errno.ENOSPC => "the device has fewer RX queues than its peer has TX queues; give both one",
                _ => null,
            });
    }

    /// <summary>Removes programs called <paramref name="name"/> in all modes but <paramref name="except"/>. A missing device is no error.</summary>
    /// <returns>False when there was none.</returns>
    public static bool DetachByName(int ifindex, string name, XdpMode? except, bool shared)
    {
        bool detached = false;
        foreach (XdpMode mode in (ReadOnlySpan<XdpMode>)[XdpMode.Native, XdpMode.Generic])
        {
            if (mode == except)
                continue;
            using var existing = Existing(ifindex, mode, out bool unknown);
            if (existing is null ? !unknown || shared : NameOf(existing) != name)
                continue;
            var options = new BpfXdpAttachOpts { StructSize = BpfXdpAttachOpts.Size, OldProgramFd = existing?.Number ?? 0 };
            uint flags = FlagsOf(mode) | (existing is null ? 0 : LibBpf.XDP_FLAGS_REPLACE);
            Errno error = LibBpf.ErrorOf(LibBpf.bpf_xdp_detach(ifindex, flags, &options));
            if (error is not (Errno.None or Errno.ENODEV or Errno.ENOENT))
                throw new XdpException($"bpf_xdp_detach({name} on {InterfaceName.FromIndex(ifindex)}, {mode})", error);
            detached |= error == Errno.None;
        }
        return detached;
    }

    /// <summary>The name of the program attached in any mode; null when there is none, or we may not look.</summary>
    public static string? NameOn(int ifindex)
    {
        using var existing = Existing(ifindex, XdpMode.Native, out _) ?? Existing(ifindex, XdpMode.Generic, out _);
        return existing is null ? null : NameOf(existing);
    }

    /// <summary>Whether a program of a name is attached in any mode; true also when there is one that we may not look at.</summary>
    public static bool Runs(int ifindex, string name)
    {
        foreach (XdpMode mode in (ReadOnlySpan<XdpMode>)[XdpMode.Native, XdpMode.Generic])
        {
            using var existing = Existing(ifindex, mode, out bool unknown);
            if (unknown || existing is not null && NameOf(existing) == name)
                return true;
        }
        return false;
    }

    /// <summary>The program attached in this mode; null when there is none, no device, or we may not look (<paramref name="unknown"/>).</summary>
    private static SafeFileDescriptor? Existing(int ifindex, XdpMode mode, out bool unknown)
    {
        unknown = false;
        var query = new BpfXdpQueryOpts { StructSize = BpfXdpQueryOpts.Size };
        if (LibBpf.bpf_xdp_query(ifindex, 0, &query) < 0)
            return null;
        uint id = mode == XdpMode.Native ? query.NativeProgramId : query.GenericProgramId;
        if (id == 0)
            return null;
        int fd = LibBpf.bpf_prog_get_fd_by_id(id);
        unknown = LibBpf.ErrorOf(fd) == Errno.EPERM;
        return fd < 0 ? null : new SafeFileDescriptor(fd);
    }

    private static string NameOf(SafeFileDescriptor program)
    {
        BpfProgInfo info = default;
        uint length = BpfProgInfo.Size;
        if (LibBpf.bpf_obj_get_info_by_fd(program.Number, &info, &length) < 0)
            return "";
        ReadOnlySpan<byte> name = info.Name;
        int end = name.IndexOf((byte)0);
        return Encoding.ASCII.GetString(end < 0 ? name : name[..end]);
    }

    private static uint FlagsOf(XdpMode mode) => mode == XdpMode.Native ? LibBpf.XDP_FLAGS_DRV_MODE : LibBpf.XDP_FLAGS_SKB_MODE;
}
