using System.Runtime.InteropServices;
using System.Text;
using Xdp.Interop.Native;

namespace Xdp.Interop;

/// <summary>
/// One program attached through libxdp, whose dispatcher calls several programs of one device in turn. libxdp must load the program itself (as
/// an extension of the dispatcher), so it gets a second copy of the object, made to share the first one's maps.
/// Where its dispatcher check fails, libxdp attaches that copy alone; what happened is read back from the device.
/// What can be asked of the kernel is not asked of libxdp: 1.3 loses a descriptor with every look at a single program.
/// </summary>
internal sealed unsafe class XdpDispatcher : IDisposable
{
    private const string DispatcherName = "xdp_dispatcher"; // in libxdp's object, stable since 1.0
    private readonly BpfObjectHandle _copy;
    private readonly string _name;
    private readonly int _ifindex;
    private readonly int _mode;
    private nint _program;

    private XdpDispatcher(BpfObjectHandle copy, string name, nint program, int ifindex, int mode)
    {
        _copy = copy;
        _name = name;
        _program = program;
        _ifindex = ifindex;
        _mode = mode;
    }

    public XdpAttachment How { get; private init; }

    /// <summary>Attaches, or returns null when libxdp is missing or refuses: the caller then attaches directly.</summary>
    public static XdpDispatcher? TryAttach(XdpProgram loaded, byte[] elf, BpfObjectHandle original, int ifindex, XdpMode mode)
    {
        string name = loaded.Name;
        if (!NativeLibrary.TryLoad("libxdp.so.1", out _))
            return null;
        BpfFileSystem.TryMount(); // the dispatcher is pinned there
        DetachByName(ifindex, name);
        NetlinkAttachment.DetachByName(ifindex, name, except: null, shared: true); // libxdp adds nothing beside a program that is attached alone

        var copy = BpfObjectHandle.Open(elf, name);
        nint program = 0;
        try
        {
            if (!ShareMaps(original, copy))
                return null;
            nint inCopy = LibBpf.bpf_object__find_program_by_name(copy.Pointer, name);
            if (loaded.SupportsFrags)
                XdpProgram.SetFrags(inCopy);
            program = LibXdp.xdp_program__from_bpf_obj(copy.Pointer, LibBpf.bpf_program__section_name(inCopy));
            if (LibXdp.libxdp_get_error(program) != 0)
            {
                program = 0;
                return null;
            }
            int libxdpMode = mode == XdpMode.Native ? LibXdp.XDP_MODE_NATIVE : LibXdp.XDP_MODE_SKB;
            if (LibXdp.xdp_program__attach(program, ifindex, libxdpMode, 0) != 0)
                return null;
            var attached = new XdpDispatcher(copy, name, program, ifindex, libxdpMode)
            {
                How = NetlinkAttachment.NameOn(ifindex) == DispatcherName ? XdpAttachment.Dispatcher : XdpAttachment.SingleProgram,
            };
            copy = null;
            program = 0;
            return attached;
        }
        finally
        {
            if (program != 0)
                LibXdp.xdp_program__close(program);
            copy?.Dispose();
        }
    }

    /// <summary>Takes programs called <paramref name="name"/>, of whatever process, out of a device's dispatcher.</summary>
    /// <returns>False when there was none, or libxdp is missing.</returns>
    public static bool DetachByName(int ifindex, string name) => FindByName(ifindex, name, detach: true);

    /// <summary>Whether a device's dispatcher calls a program of a name, of whatever process.</summary>
    public static bool Holds(int ifindex, string name) => FindByName(ifindex, name, detach: false);

    private static bool FindByName(int ifindex, string name, bool detach)
    {
        if (NetlinkAttachment.NameOn(ifindex) != DispatcherName || !NativeLibrary.TryLoad("libxdp.so.1", out _))
            return false;
        nint all = LibXdp.xdp_multiprog__get_from_ifindex(ifindex);
        if (LibXdp.libxdp_get_error(all) != 0)
            return false; // no program at all
        try
        {
            if (LibXdp.xdp_multiprog__is_legacy(all))
                return false;
            for (nint program = LibXdp.xdp_multiprog__next_prog(0, all); program != 0; program = LibXdp.xdp_multiprog__next_prog(program, all))
            {
                string found = Encoding.ASCII.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(LibXdp.xdp_program__name(program)));
                if (found == name)
                {
                    // The list is stale after a detachment; there is never more than one of ours.
                    return !detach || LibXdp.xdp_program__detach(program, ifindex, LibXdp.xdp_multiprog__attach_mode(all), 0) == 0;
                }
            }
            return false;
        }
        finally
        {
            LibXdp.xdp_multiprog__close(all);
        }
    }

    /// <summary>Takes the program off its device and frees it.</summary>
    public void Detach()
    {
        if (How == XdpAttachment.SingleProgram)
        {
            Dispose();
            NetlinkAttachment.DetachByName(_ifindex, _name, except: null, shared: false);
            return;
        }
        int result = LibXdp.xdp_program__detach(_program, _ifindex, _mode, 0);
        Dispose();
        if (LibBpf.ErrorOf(result) is var error and not (Errno.None or Errno.ENODEV or Errno.ENOENT))
            throw new XdpException($"xdp_program__detach({InterfaceName.FromIndex(_ifindex)})", error);
    }

    /// <summary>Frees libxdp's handle; the program stays attached.</summary>
    public void Dispose()
    {
        if (_program == 0)
            return;
        LibXdp.xdp_program__close(_program);
        _program = 0;
        _copy.Dispose();
    }

    private static bool ShareMaps(BpfObjectHandle original, BpfObjectHandle copy)
    {
        for (nint map = LibBpf.bpf_object__next_map(copy.Pointer, 0); map != 0; map = LibBpf.bpf_object__next_map(copy.Pointer, map))
        {
            string name = Encoding.ASCII.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(LibBpf.bpf_map__name(map)));
            nint source = LibBpf.bpf_object__find_map_by_name(original.Pointer, name);
            if (source == 0 || LibBpf.bpf_map__reuse_fd(map, LibBpf.bpf_map__fd(source)) < 0)
                return false;
        }
        return true;
    }
}
