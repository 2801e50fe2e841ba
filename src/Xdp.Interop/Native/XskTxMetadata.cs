using System.Runtime.InteropServices;

namespace Xdp.Interop.Native;

/// <summary>struct xsk_tx_metadata, request half: it lies directly before the first byte of the packet.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct XskTxMetadata
{
    public const int Size = 24;
    public ulong Flags;
    public ushort ChecksumStart;
    public ushort ChecksumOffset;
    public ulong LaunchTime;
}
