using System.Runtime.InteropServices;

namespace Xdp.Interop.Native;

/// <summary>struct bpf_xdp_query_opts of libbpf; all but the size are output.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BpfXdpQueryOpts
{
    public const int Size = 32;
    public nuint StructSize;
    public uint ProgramId;
    public uint NativeProgramId;
    public uint HardwareProgramId;
    public uint GenericProgramId;
    public byte AttachMode;
}
