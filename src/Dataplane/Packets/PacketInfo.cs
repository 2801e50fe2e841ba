using Dataplane.Conntrack;

namespace Dataplane.Packets;

/// <summary>
/// What is known of one packet while it goes through the path. A worker keeps an array of them, one per packet of a batch;
/// stages fill in what they find out. Offsets count from <see cref="Start"/>, the Ethernet header.
/// </summary>
public struct PacketInfo<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    /// <summary>Offset of the Ethernet header in the first frame's chunk.</summary>
    public int Start;

    /// <summary>Bytes of the packet in its first frame.</summary>
    public int HeadLength;

    /// <summary>Bytes of the packet in all its frames.</summary>
    public int TotalLength;

    /// <summary>Port on which it came in.</summary>
    public ushort InPort;

    /// <summary>Where it came from.</summary>
    public PacketOrigin Origin;

    /// <summary>See <see cref="PacketFlags"/>.</summary>
    public PacketFlags Flags;

    /// <summary>TCP flags byte; 0 for other protocols.</summary>
    public byte TcpFlags;

    /// <summary>TTL or hop limit as it came in.</summary>
    public byte HopLimit;

    /// <summary>Offset of the IP header.</summary>
    public ushort NetworkOffset;

    /// <summary>Offset of the transport header.</summary>
    public ushort TransportOffset;

    /// <summary>Length of the IP packet by its own header.</summary>
    public int IpLength;

    /// <summary>Identification of the IP packet, memory order; for fragments.</summary>
    public uint FragmentId;

    /// <summary>Protocol, addresses and ports as they came in.</summary>
    public FlowTuple<TAddress> Tuple;

    /// <summary>Hash of <see cref="Tuple"/>.</summary>
    public ulong Hash;

    /// <summary>The tuple as it will leave.</summary>
    public FlowTuple<TAddress> Translated;

    /// <summary>Index of the VTEP that it came from; only with <see cref="PacketOrigin.Overlay"/>.</summary>
    public int IngressVtep;

    /// <summary>Entry in the conntrack table, or -1.</summary>
    public int Flow;

    /// <summary>Which way of <see cref="Flow"/> this packet goes.</summary>
    public FlowDirection Direction;

    /// <summary>What is to be done with it.</summary>
    public FlowAction Action;

    /// <summary>Identity of the sender, once looked up.</summary>
    public uint SourceIdentity;

    /// <summary>Identity of the destination after translation, once looked up.</summary>
    public uint DestinationIdentity;

    /// <summary>Why the packet was turned into an ICMP error; <see cref="DropReason.None"/> otherwise.</summary>
    public DropReason ReplyReason;

    /// <summary>Payload bytes per segment, or per fragment, when the packet is to be cut on its way out; otherwise 0.</summary>
    public int SegmentSize;

    /// <summary>Outer headers that were prepended; their length, or 0.</summary>
    public int OuterLength;
}
