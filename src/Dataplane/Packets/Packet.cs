using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Dataplane.Packets;

/// <summary>
/// One packet: the chunk that holds its first bytes, with the room before them, and what is known of it. Headers of a packet of
/// several frames are always in the first one (the kernel fills frames in order, 3,840 bytes each).
/// The span is a view of UMEM and is valid while the worker owns the frame.
/// </summary>
public ref struct Packet<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    /// <summary>The whole chunk.</summary>
    public readonly Span<byte> Frame;

    /// <summary>What is known of the packet.</summary>
    public readonly ref PacketInfo<TAddress> Info;

    public Packet(Span<byte> frame, ref PacketInfo<TAddress> info)
    {
        Frame = frame;
        Info = ref info;
    }

    /// <summary>The packet's bytes in its first frame.</summary>
    public readonly Span<byte> Data => Frame.Slice(Info.Start, Info.HeadLength);

    /// <summary>The bytes from the IP header on, in the first frame.</summary>
    public readonly Span<byte> Network => Data[Info.NetworkOffset..];

    /// <summary>The bytes from the transport header on, in the first frame.</summary>
    public readonly Span<byte> Transport => Data[Info.TransportOffset..];

    /// <summary>Reads a header at <paramref name="offset"/>; false when the first frame does not hold all of it.</summary>
    public readonly bool TryRead<THeader>(int offset, out THeader header)
        where THeader : unmanaged
    {
        if (Info.HeadLength - offset < Unsafe.SizeOf<THeader>())
        {
            header = default;
            return false;
        }
        header = MemoryMarshal.Read<THeader>(Data[offset..]);
        return true;
    }

    /// <summary>Moves the packet's start back by <paramref name="count"/> bytes; false when there is no room.</summary>
    public readonly bool TryPrepend(int count)
    {
        if (Info.Start < count) return false;
        Info.Start -= count;
        Info.HeadLength += count;
        Info.TotalLength += count;
        return true;
    }

    /// <summary>Drops the first <paramref name="count"/> bytes, which the first frame must hold.</summary>
    public readonly void TrimFront(int count)
    {
        Info.Start += count;
        Info.HeadLength -= count;
        Info.TotalLength -= count;
    }

    /// <summary>Ends the packet after <paramref name="length"/> bytes.</summary>
    public readonly void Truncate(int length)
    {
        Info.TotalLength = length;
        if (Info.HeadLength > length) Info.HeadLength = length;
    }
}
