using System.Runtime.InteropServices;

namespace Xdp.Interop.Native;

/// <summary>struct bpf_xdp_attach_opts of libbpf.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BpfXdpAttachOpts
{
    public const int Size = 16;
    public nuint StructSize;
    public int OldProgramFd;
}
