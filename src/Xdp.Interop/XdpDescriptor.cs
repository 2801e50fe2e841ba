using System.Runtime.InteropServices;
using Xdp.Interop.Native;

namespace Xdp.Interop;

/// <summary>
/// One entry of an RX or TX ring (struct xdp_desc): a run of bytes inside one UMEM chunk. A packet is one descriptor,
/// or several where all but the last carry <see cref="Continued"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct XdpDescriptor
{
    /// <summary>Bytes of one entry.</summary>
    public const int Size = 16;

    /// <summary>Option bit: the packet goes on in the next descriptor.</summary>
    public const uint Continued = XskAbi.XDP_PKT_CONTD;

    /// <summary>Option bit, first descriptor of a TX packet only: <see cref="TxMetadata"/> precedes the data.</summary>
    public const uint TxMetadata = XskAbi.XDP_TX_METADATA;

    /// <summary>Most descriptors the kernel takes for one TX packet in copy mode: a head and MAX_SKB_FRAGS (17) more.</summary>
    public const int MaxPerPacket = 18;

    /// <summary>Offset of the first byte from the start of the UMEM.</summary>
    public ulong Address;

    /// <summary>Bytes in this descriptor.</summary>
    public uint Length;

    /// <summary><see cref="Continued"/> and <see cref="TxMetadata"/>; other bits must be zero.</summary>
    public uint Options;

    /// <summary>Fills the three fields.</summary>
    public XdpDescriptor(ulong address, uint length, uint options = 0)
    {
        Address = address;
        Length = length;
        Options = options;
    }

    /// <summary>Whether the packet goes on in the next descriptor.</summary>
    public readonly bool IsContinued => (Options & Continued) != 0;
}
