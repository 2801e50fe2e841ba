using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Dataplane.Packets;

namespace Dataplane.Control.Compile;

/// <summary>Parses fields of requests; a bad one names itself.</summary>
internal static class FieldParser
{
    /// <summary>An address of either family.</summary>
    public static IPAddress Address(string field, string value) =>
        IPAddress.TryParse(value, out var address) && (address.AddressFamily == AddressFamily.InterNetworkV6 || IPv4Address.TryParse(value, out _))
            ? address
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

    /// <summary>The address as the packet path has it.</summary>
    public static IPv4Address ToIPv4(IPAddress address) => IPv4Address.Read(address.GetAddressBytes());
}
