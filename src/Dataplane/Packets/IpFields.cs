namespace Dataplane.Packets;

/// <summary>What the path needs of an IP header of either family.</summary>
public struct IpFields<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    public TAddress Source;
    public TAddress Destination;

    /// <summary>Bytes up to the transport header.</summary>
    public int HeaderLength;

    /// <summary>Bytes of the whole IP packet, by its header.</summary>
    public int TotalLength;

    /// <summary>Transport protocol number.</summary>
    public byte Protocol;

    /// <summary>TTL or hop limit.</summary>
    public byte HopLimit;

    /// <summary><see cref="PacketFlags.Fragment"/>, <see cref="PacketFlags.LaterFragment"/>, <see cref="PacketFlags.DontFragment"/>.</summary>
    public PacketFlags Flags;

    /// <summary>Tells fragments of one packet from those of another; only with <see cref="PacketFlags.Fragment"/>.</summary>
    public uint FragmentId;
}
