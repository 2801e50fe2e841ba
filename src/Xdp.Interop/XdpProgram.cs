using Xdp.Interop.Native;

namespace Xdp.Interop;

/// <summary>
/// An XDP program loaded into the kernel, with its maps, and the devices it is attached to. Loaded once, it serves any number of devices.
///
/// Life and death: attachments are made through netlink (or libxdp's pinned dispatcher) and stay when this object or the
/// process goes: a pod's port then drops, the uplink passes. Only <see cref="Detach"/> takes them off. A later process that
/// attaches a program of the same name takes the place of the one it finds, atomically where the mode is the same.
/// Threads: calls on one object must not overlap.
/// </summary>
public sealed unsafe class XdpProgram : IDisposable
{
    private const int VerifierLogBytes = 64 * 1024;
    private const int VerifierLogShown = 1000;

    private readonly byte[] _elf;
    private readonly BpfObjectHandle _object;
    private readonly nint _program; // struct bpf_program, inside _object
    private readonly Dictionary<string, BpfMap> _maps = [];
    private readonly Dictionary<int, Attached> _attached = [];

    private XdpProgram(byte[] elf, BpfObjectHandle obj, nint program, string name, bool supportsFrags)
    {
        _elf = elf;
        _object = obj;
        _program = program;
        Name = name;
        SupportsFrags = supportsFrags;
        for (nint map = LibBpf.bpf_object__next_map(obj.Pointer, 0); map != 0; map = LibBpf.bpf_object__next_map(obj.Pointer, map))
        {
            var wrapped = new BpfMap(obj, map);
            _maps[wrapped.Name] = wrapped;
        }
    }

    /// <summary>The program's name in the BPF source; also how a successor recognises it on a device.</summary>
    public string Name { get; }

    /// <summary>Whether it was loaded for packets of several buffers (Linux 5.18); without, a device's MTU must fit one page.</summary>
    public bool SupportsFrags { get; }

    /// <summary>The program's descriptor; it belongs to this object.</summary>
    public int Fd => LibBpf.bpf_program__fd(_program);

    /// <summary>
    /// Loads program <paramref name="programName"/> of a compiled object (see <see cref="XdpObjects"/>) and makes its maps.
    /// A kernel that refuses the multi-buffer flag gets the program without it.
    /// </summary>
    /// <exception cref="XdpException">The object is damaged, a capability is missing, or the verifier refused; its last words are in the message.</exception>
    public static XdpProgram Load(ReadOnlySpan<byte> elf, string programName)
    {
        byte[] bytes = elf.ToArray();
        Errno error = TryLoad(bytes, programName, frags: true, out var program, out string log);
        if (error == Errno.EINVAL)
            error = TryLoad(bytes, programName, frags: false, out program, out log);
        return program ?? throw new XdpException($"bpf_object__load({programName})", error, error switch
        {
            Errno.EPERM => "CAP_BPF and CAP_NET_ADMIN are needed, or the memlock limit is too low",
            _ when log.Length > 0 => $"the verifier says: {log}",
            _ => null,
        });
    }

    /// <summary>A map by its name in the BPF source; it lives as long as this object.</summary>
    /// <exception cref="KeyNotFoundException">The object has no such map.</exception>
    public BpfMap Map(string name) =>
        _maps.TryGetValue(name, out var map) ? map : throw new KeyNotFoundException($"program {Name} has no map {name}; it has {string.Join(", ", _maps.Keys)}.");

    /// <summary>How the program hangs on a device; null when it does not.</summary>
    public XdpAttachment? AttachedBy(int ifindex) => _attached.TryGetValue(ifindex, out var attached) ? attached.How : null;

    /// <summary>
    /// Attaches to a device in the calling thread's network namespace. A program of the same name found there, left by a
    /// predecessor, is replaced; when it ran in the other mode, or in a dispatcher, there is a moment without any.
    /// </summary>
    /// <param name="ifindex">The device.</param>
    /// <param name="mode">Where the program runs.</param>
    /// <param name="shared">
    /// True for a device that others may put XDP programs on: goes through libxdp's dispatcher where that works. Where it does not (no
    /// libxdp, no bpffs, no BTF, freplace forbidden), the program is attached alone. False for devices of our own.
    /// </param>
    /// <exception cref="XdpException">The device is gone (ENODEV), has someone else's program (EBUSY), or cannot run this one.</exception>
    public XdpAttachment Attach(int ifindex, XdpMode mode, bool shared = false)
    {
        ObjectDisposedException.ThrowIf(_object.IsClosed, this);
        Detach(ifindex, unlessMode: shared ? null : mode);
        if (shared && XdpDispatcher.TryAttach(this, _elf, _object, ifindex, mode) is { } dispatcher)
        {
            _attached[ifindex] = new Attached(mode, dispatcher.How, dispatcher);
            return dispatcher.How;
        }
        NetlinkAttachment.Attach(Fd, Name, ifindex, mode, shared);
        _attached[ifindex] = new Attached(mode, XdpAttachment.SingleProgram, null);
        return XdpAttachment.SingleProgram;
    }

    /// <summary>
    /// Whether the program still hangs on a device it was attached to, alone or in a dispatcher: others may have taken it off. Where it may not
    /// be looked at, what runs there counts as this one.
    /// </summary>
    public bool IsOn(int ifindex) =>
        _attached.ContainsKey(ifindex) && (NetlinkAttachment.Runs(ifindex, Name) || XdpDispatcher.Holds(ifindex, Name));

    /// <summary>Forgets that the program was attached to a device, because somebody has taken it off; it may then be attached anew.</summary>
    public void Forget(int ifindex)
    {
        if (_attached.Remove(ifindex, out var attached))
            attached.Dispatcher?.Dispose();
    }

    /// <summary>Takes the program off a device; nothing happens when it is not there, or the device is gone.</summary>
    /// <exception cref="XdpException">The kernel refused.</exception>
    public void Detach(int ifindex) => Detach(ifindex, unlessMode: null);

    /// <summary>Takes a program of this name, left by an earlier process, off a device.</summary>
    /// <returns>False when there was none.</returns>
    /// <exception cref="XdpException">The kernel refused.</exception>
    public static bool DetachLeftover(int ifindex, string programName) =>
        XdpDispatcher.DetachByName(ifindex, programName) | NetlinkAttachment.DetachByName(ifindex, programName, except: null, shared: true);

    /// <summary>The name of the program on a device, libxdp's "xdp_dispatcher" for several; null when there is none, or we may not look.</summary>
    public static string? NameOn(int ifindex) => NetlinkAttachment.NameOn(ifindex);

    /// <summary>Forgets the program. It stays attached where it is, and its maps live on with it.</summary>
    public void Dispose()
    {
        foreach (var attached in _attached.Values)
            attached.Dispatcher?.Dispose();
        _attached.Clear();
        _object.Dispose();
    }

    /// <summary>Removes our own attachment unless it is a direct one in <paramref name="unlessMode"/>, which can be replaced in place.</summary>
    private void Detach(int ifindex, XdpMode? unlessMode)
    {
        if (!_attached.TryGetValue(ifindex, out var attached) || (attached.Dispatcher is null && attached.Mode == unlessMode))
            return;
        if (attached.Dispatcher is { } dispatcher)
            dispatcher.Detach();
        else
            NetlinkAttachment.DetachByName(ifindex, Name, except: null, shared: false);
        _attached.Remove(ifindex);
    }

    private static Errno TryLoad(byte[] elf, string name, bool frags, out XdpProgram? loaded, out string log)
    {
        loaded = null;
        log = "";
        var obj = BpfObjectHandle.Open(elf, name);
        try
        {
            nint program = LibBpf.bpf_object__find_program_by_name(obj.Pointer, name);
            if (program == 0)
                throw new XdpException($"bpf_object__find_program_by_name({name})", LibC.LastError, "the object has no program of that name");
            if (frags)
                SetFrags(program);
            byte[] buffer = GC.AllocateArray<byte>(VerifierLogBytes, pinned: true);
            fixed (byte* pointer = buffer)
            {
                _ = LibBpf.bpf_program__set_log_buf(program, pointer, VerifierLogBytes);
                Errno error = LibBpf.ErrorOf(LibBpf.bpf_object__load(obj.Pointer));
                if (error != Errno.None)
                {
                    log = LastWords(buffer);
                    return error;
                }
                _ = LibBpf.bpf_program__set_log_buf(program, null, 0); // libbpf must not keep our buffer
            }
            loaded = new XdpProgram(elf, obj, program, name, frags);
            return Errno.None;
        }
        finally
        {
            if (loaded is null)
                obj.Dispose();
        }
    }

    /// <summary>Asks, before the load, for packets of several buffers.</summary>
    internal static void SetFrags(nint program) =>
        _ = LibBpf.bpf_program__set_flags(program, LibBpf.bpf_program__flags(program) | LibBpf.BPF_F_XDP_HAS_FRAGS);

    private static string LastWords(byte[] log)
    {
        int length = Array.IndexOf(log, (byte)0);
        int start = Math.Max(0, length - VerifierLogShown);
        return System.Text.Encoding.ASCII.GetString(log, start, Math.Max(0, length) - start).Trim();
    }

    private sealed record Attached(XdpMode Mode, XdpAttachment How, XdpDispatcher? Dispatcher);
}
