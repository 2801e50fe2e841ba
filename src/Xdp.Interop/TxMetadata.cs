using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Xdp.Interop.Native;

namespace Xdp.Interop;

/// <summary>
/// What we ask of the kernel for one TX packet, in the 24 bytes before its first byte (Documentation/networking/xsk-tx-metadata.rst).
/// Only the first descriptor of a packet has it, marked by <see cref="XdpDescriptor.TxMetadata"/>, and only on a
/// socket whose <see cref="XskSocket.TxMetadata"/> is true.
/// </summary>
public static class TxMetadata
{
    /// <summary>Bytes that must be free between the start of the chunk and the packet.</summary>
    public const int Size = XskTxMetadata.Size;

    /// <summary>
    /// Asks that the checksum be completed below us: the L4 checksum field must hold the folded, uncomplemented pseudo-header sum.
    /// A veth peer trusts such a frame and computes nothing; a NIC offloads it, or the kernel sums in software.
    /// </summary>
    /// <param name="frame">The chunk, as <see cref="Umem.Frame"/> gives it.</param>
    /// <param name="dataOffset">Where the packet starts in the chunk; at least <see cref="Size"/>.</param>
    /// <param name="start">Bytes from the packet's first byte to where summing starts (the L4 header).</param>
    /// <param name="offset">Bytes from <paramref name="start"/> to the checksum field: TCP 16, UDP 6.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void RequestChecksum(Span<byte> frame, int dataOffset, ushort start, ushort offset)
    {
        var metadata = new XskTxMetadata
        {
            Flags = XskAbi.XDP_TXMD_FLAGS_CHECKSUM,
            ChecksumStart = start,
            ChecksumOffset = offset,
        };
        MemoryMarshal.Write(frame.Slice(dataOffset - Size, Size), in metadata);
    }
}
