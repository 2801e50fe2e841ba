using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Xdp.Interop.Native;

/// <summary>The first 80 bytes of struct bpf_prog_info, up to the name; the kernel fills as much as it is given room for.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BpfProgInfo
{
    public const int Size = 80;
    public uint Type;
    public uint Id;
    public ulong Tag;
    public uint JitedLength;
    public uint TranslatedLength;
    public ulong JitedInstructions;
    public ulong TranslatedInstructions;
    public ulong LoadTime;
    public uint CreatedByUid;
    public uint MapCount;
    public ulong MapIds;
    public NameBuffer Name;

    /// <summary>BPF_OBJ_NAME_LEN bytes, zero-padded.</summary>
    [InlineArray(16)]
    public struct NameBuffer
    {
        public const int Size = 16;
        private byte _first;
    }
}
