using System.Runtime.InteropServices;

namespace Xdp.Interop.Native;

/// <summary>Owns a struct bpf_object: its programs and maps live as long as it does, or as long as they are attached.</summary>
internal sealed unsafe class BpfObjectHandle : SafeHandle
{
    private BpfObjectHandle(nint pointer) : base(0, ownsHandle: true) => SetHandle(pointer);

    public override bool IsInvalid => handle == 0;

    /// <summary>The C pointer, for calls made while this object is alive.</summary>
    public nint Pointer => handle;

    /// <summary>Parses an ELF object; nothing is loaded yet.</summary>
    /// <exception cref="XdpException">The bytes are not a BPF object that this libbpf understands.</exception>
    public static BpfObjectHandle Open(ReadOnlySpan<byte> elf, string name)
    {
        fixed (byte* bytes = elf)
        {
            nint pointer = LibBpf.bpf_object__open_mem(bytes, (nuint)elf.Length, null);
            if (pointer == 0)
                throw new XdpException($"bpf_object__open_mem({name}, {elf.Length} bytes)", LibC.LastError, "rebuild the BPF objects with clang -target bpf -g");
            return new BpfObjectHandle(pointer);
        }
    }

    protected override bool ReleaseHandle()
    {
        LibBpf.bpf_object__close(handle);
        return true;
    }
}
