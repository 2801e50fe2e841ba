using System.Net;
using Dataplane.Packets;

namespace Dataplane.Testing.Packets;

/// <summary>What only IPv6 packets have: extension headers, neighbour discovery. Lengths are bytes, and multiples of 8 where the header counts so.</summary>
public static class IPv6Packets
{
    public const byte HopByHopType = 0, RoutingType = 43, FragmentType = 44, AuthenticationType = 51, NoNextHeader = 59, DestinationOptionsType = 60;

    private const byte PadN = 1;

    /// <summary>Options for every router, as padding.</summary>
    public static PacketBuilder HopByHop(this PacketBuilder packet, int length = 8) => packet.Extension(HopByHopType, Padded(length));

    /// <summary>A router alert (RFC 2711), which multicast listener discovery has.</summary>
    public static PacketBuilder RouterAlert(this PacketBuilder packet) => packet.Extension(HopByHopType, [0, 0, 5, 2, 0, 0, PadN, 0]);

    /// <summary>Options for the receiver, as padding.</summary>
    public static PacketBuilder DestinationOptions(this PacketBuilder packet, int length = 8) => packet.Extension(DestinationOptionsType, Padded(length));

    /// <summary>A routing header with room for so many addresses; by default of a type for experiments (RFC 4727).</summary>
    public static PacketBuilder Routing(this PacketBuilder packet, byte segmentsLeft, byte type = 253, int addresses = 1) =>
        packet.Extension(RoutingType, [0, (byte)(addresses * 2), type, segmentsLeft, 0, 0, 0, 0, .. new byte[addresses * 16]]);

    /// <summary>An authentication header, which counts its length in words of 4 bytes (RFC 4302).</summary>
    public static PacketBuilder Authentication(this PacketBuilder packet, int length = 24)
    {
        var header = new byte[length];
        header[1] = (byte)(length / 4 - 2);
        return packet.Extension(AuthenticationType, header);
    }

    /// <summary>A neighbour solicitation as Linux sends it (RFC 4861, section 4.3): to the group of who is asked for, unless said otherwise.</summary>
    /// <param name="source">Who asks; :: for a probe for a duplicate.</param>
    /// <param name="target">Who is asked for.</param>
    /// <param name="sourceMac">The asker's link-layer address; null leaves the option out.</param>
    /// <param name="destination">To whom.</param>
    public static PacketBuilder NeighborSolicitation(IPv6Address source, IPv6Address target, MacAddress? sourceMac, IPv6Address? destination = null) =>
        Link(source, destination ?? SolicitedNode(target)).Icmp(135).Payload([.. Bytes(target), .. LinkAddress(1, sourceMac)]).Ethernet(GroupMac(target), sourceMac ?? SampleNode.HostMac);

    /// <summary>The answer to one, flags in the highest byte of <paramref name="flags"/>.</summary>
    public static PacketBuilder NeighborAdvertisement(IPv6Address source, IPv6Address destination, IPv6Address target, MacAddress targetMac, uint flags = 0xe000_0000) =>
        Link(source, destination).Icmp(136, 0, flags).Payload([.. Bytes(target), .. LinkAddress(2, targetMac)]);

    /// <summary>The multicast group in which an address is asked for (RFC 4291, section 2.7.1).</summary>
    public static IPv6Address SolicitedNode(IPv6Address target) => IPv6Address.Read([.. IPAddress.Parse("ff02::1:ff00:0").GetAddressBytes()[..13], .. Bytes(target)[13..]]);

    /// <summary>A packet that must not leave its link: hop limit 255.</summary>
    public static PacketBuilder Link(IPv6Address source, IPv6Address destination) => PacketBuilder.IPv6(source, destination).TimeToLive(255);

    private static byte[] LinkAddress(byte type, MacAddress? mac)
    {
        if (mac is not { } address) return [];
        byte[] option = [type, 1, 0, 0, 0, 0, 0, 0];
        address.CopyTo(option.AsSpan(2));
        return option;
    }

    private static MacAddress GroupMac(IPv6Address target) => new([0x33, 0x33, 0xff, .. Bytes(target)[13..]]);

    private static byte[] Bytes(IPv6Address address)
    {
        var bytes = new byte[16];
        address.CopyTo(bytes);
        return bytes;
    }

    // Options behind type and length: PadN of at most 255 bytes each, the last byte a Pad1 where it has to be.
    private static byte[] Padded(int length)
    {
        var header = new byte[length];
        header[1] = (byte)(length / 8 - 1);
        for (int at = 2; at < length;)
        {
            int option = Math.Min(length - at, 257);
            if (length - at - option == 1) option--;
            (header[at], header[at + 1]) = (PadN, (byte)(option - 2));
            at += option;
        }
        return header;
    }
}
