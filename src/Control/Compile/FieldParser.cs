using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Control.Compile;

/// <summary>Parses fields of requests; a bad one names itself.</summary>
internal static class FieldParser
{
    /// <summary>An address of either family.</summary>
    public static IPAddress Address(string field, string value) =>
        IPv4Address.TryParse(value, out var v4) ? From(v4)
        : IPv6Address.TryParse(value, out var v6) ? From(v6)
        : throw new InvalidStateException(field, value, "is not an IP address; write it like 10.244.1.7 or fd00::7");

    /// <summary>A network with no host bits set.</summary>
    public static IPNetwork Network(string field, string value)
    {
        int slash = value.IndexOf('/');
        if (slash < 0 || !int.TryParse(value.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int length)
            || !IPAddress.TryParse(value.AsSpan(0, slash), out var address) || length > address.GetAddressBytes().Length * 8)
        {
            throw new InvalidStateException(field, value, "is not a CIDR; write it like 10.244.0.0/16");
        }
        // Of the constructor some versions of the runtime clear the host bits, others throw.
        var bytes = address.GetAddressBytes();
        for (int bit = length; bit < bytes.Length * 8; bit++)
        {
            if ((bytes[bit / 8] & 0x80 >> bit % 8) != 0) throw new InvalidStateException(field, value, "has host bits set; clear the bits after the prefix length");
        }
        return new IPNetwork(address, length);
    }

    /// <summary>A port from <paramref name="least"/> to 65535.</summary>
    public static ushort Port(string field, uint value, uint least = 1) =>
        value >= least && value <= ushort.MaxValue
            ? (ushort)value
            : throw new InvalidStateException(field, value.ToString(CultureInfo.InvariantCulture), $"is not a port; use {least} to 65535");

    /// <summary>A name that must be there.</summary>
    public static string Name(string field, string value) =>
        value.Length > 0 ? value : throw new InvalidStateException(field, value, "is empty; a name is needed");

    /// <summary>Six hexadecimal bytes.</summary>
    public static MacAddress Mac(string field, string value) =>
        MacAddress.TryParse(value, out var mac) && !mac.IsZero && !mac.IsGroup
            ? mac
            : throw new InvalidStateException(field, value, "is not a unicast Ethernet address; write it like 0e:64:0a:00:00:01");

    /// <summary>The address as the packet path has it; it is of that family.</summary>
    public static TAddress To<TAddress>(IPAddress address)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        Span<byte> bytes = stackalloc byte[IPv6Address.Size];
        address.TryWriteBytes(bytes, out _);
        return TAddress.Read(bytes);
    }

    /// <summary>The prefix as the packet path has it; it is of that family.</summary>
    public static PrefixEntry<TAddress> Prefix<TAddress>(IPNetwork network, int value)
        where TAddress : unmanaged, IIpAddress<TAddress> => new(To<TAddress>(network.BaseAddress), network.PrefixLength, value);

    /// <summary>Whether an address is of a family.</summary>
    public static bool IsOf<TAddress>(IPAddress address)
        where TAddress : unmanaged, IIpAddress<TAddress> => address.AddressFamily == (TAddress.ByteLength == IPv6Address.Size ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork);

    /// <summary>Whether a network is of a family.</summary>
    public static bool IsOf<TAddress>(IPNetwork network)
        where TAddress : unmanaged, IIpAddress<TAddress> => IsOf<TAddress>(network.BaseAddress);

    /// <summary>The one address that a CIDR consists of, as <see cref="IIpAddress{TSelf}.Widen"/> has it; false when it is of more.</summary>
    public static bool TryHost(string cidr, out IPv6Address address)
    {
        const string v4Only = "/32", v6Only = "/128";
        if (cidr.EndsWith(v4Only, StringComparison.Ordinal) && IPv4Address.TryParse(cidr.AsSpan(0, cidr.Length - v4Only.Length), out var v4))
        {
            address = v4.Widen();
            return true;
        }
        address = default;
        return cidr.EndsWith(v6Only, StringComparison.Ordinal) && IPv6Address.TryParse(cidr.AsSpan(0, cidr.Length - v6Only.Length), out address);
    }

    /// <summary>An address of either family as <see cref="IIpAddress{TSelf}.Widen"/> has it; :: for no text. False when it is none.</summary>
    public static bool TryWide(string text, out IPv6Address address)
    {
        address = default;
        if (text.Length == 0 || IPv6Address.TryParse(text, out address)) return true;
        bool is4 = IPv4Address.TryParse(text, out var v4);
        address = v4.Widen();
        return is4;
    }

    /// <summary>The address as .NET has it.</summary>
    public static IPAddress From<TAddress>(TAddress address)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        Span<byte> bytes = stackalloc byte[IPv6Address.Size];
        address.CopyTo(bytes);
        return new IPAddress(bytes[..TAddress.ByteLength]);
    }

    /// <summary>The address of either family that <see cref="IIpAddress{TSelf}.Widen"/> has made one of IPv6, as .NET has it.</summary>
    public static IPAddress Narrow(IPv6Address wide)
    {
        var address = From(wide);
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
    }
}
