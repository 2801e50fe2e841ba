using System.Net;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Testing.Packets;

/// <summary>What differs between the families for a test that has one body for both.</summary>
public static class Family<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    /// <summary>True for IPv6.</summary>
    public static bool IsV6 { get; } = typeof(TAddress) == typeof(IPv6Address);

    /// <summary>Bytes of an IP header without options or extension headers.</summary>
    public static int HeaderLength => IsV6 ? 40 : 20;

    /// <summary>Bytes of the longest ICMP error: RFC 1812, section 4.3.2.3; RFC 4443, section 2.4 (c).</summary>
    public static int LargestError => IsV6 ? 1280 : 576;

    /// <summary>ICMP's protocol number.</summary>
    public static byte Icmp => IsV6 ? (byte)58 : (byte)1;

    /// <summary>The family's one of two values.</summary>
    public static T Either<T>(T v4, T v6) => IsV6 ? v6 : v4;

    /// <summary>The family's one of two addresses.</summary>
    public static TAddress Address(string v4, string v6) => TAddress.Read(IPAddress.Parse(Either(v4, v6)).GetAddressBytes());

    /// <summary>The address that is so many after another.</summary>
    public static TAddress After(TAddress first, int count)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes = bytes[..TAddress.ByteLength];
        first.CopyTo(bytes);
        for (int i = bytes.Length - 1; count > 0; i--, count >>= 8)
        {
            count += bytes[i];
            bytes[i] = (byte)count;
        }
        return TAddress.Read(bytes);
    }

    /// <summary>The family's part of a node's tables.</summary>
    public static FamilyTables<TAddress> Of(DataplaneTables tables) => (FamilyTables<TAddress>)(object)(IsV6 ? tables.IPv6! : (object)tables.IPv4);
}
