using System.Runtime.InteropServices;

namespace Xdp.Interop;

/// <summary>
/// What the kernel counted on one socket (struct xdp_statistics), in frames since the socket was opened.
/// An empty fill ring raises both <see cref="RxDropped"/> and <see cref="RxFillRingEmpty"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct XdpStatistics
{
    /// <summary>Bytes of the kernel's struct.</summary>
    public const int Size = 48;

    /// <summary>Frames dropped for any reason but a full RX ring.</summary>
    public ulong RxDropped;

    /// <summary>Fill entries that were not a valid UMEM address.</summary>
    public ulong RxInvalidDescriptors;

    /// <summary>TX entries the kernel refused: out of bounds, or more than <see cref="XdpDescriptor.MaxPerPacket"/>.</summary>
    public ulong TxInvalidDescriptors;

    /// <summary>Frames dropped because we did not read the RX ring fast enough.</summary>
    public ulong RxRingFull;

    /// <summary>Times a frame came and the fill ring had no buffer for it.</summary>
    public ulong RxFillRingEmpty;

    /// <summary>Times the kernel looked for TX work and found none; normal.</summary>
    public ulong TxRingEmpty;
}
