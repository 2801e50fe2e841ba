using System.Globalization;
using System.Net;
using Dataplane.Headers;
using Dataplane.Packets;

namespace Dataplane.Control.Apply;

/// <summary>A socket of the node that waits for clients: TCP that listens, UDP that is bound and not connected.</summary>
/// <param name="Address">0.0.0.0 for all addresses, IPv6's :: included.</param>
/// <param name="Port">Host order.</param>
/// <param name="Protocol">TCP or UDP.</param>
internal readonly record struct PortListener(IPv4Address Address, ushort Port, byte Protocol)
{
    private const string Listening = "0A", Unconnected = "07"; // TCP_LISTEN and TCP_CLOSE, which the kernel uses for UDP

    /// <summary>Those of the calling thread's namespace that IPv4 clients reach, sorted, each once.</summary>
    public static IReadOnlyList<PortListener> List()
    {
        var found = new SortedSet<PortListener>(Comparer<PortListener>.Create((a, b) => (a.Port, a.Protocol, a.Address.Value).CompareTo((b.Port, b.Protocol, b.Address.Value))));
        foreach (var (file, protocol, state) in (ReadOnlySpan<(string, byte, string)>)
            [("tcp", IpProtocol.Tcp, Listening), ("tcp6", IpProtocol.Tcp, Listening), ("udp", IpProtocol.Udp, Unconnected), ("udp6", IpProtocol.Udp, Unconnected)])
        {
            string path = "/proc/thread-self/net/" + file;
            if (File.Exists(path)) found.UnionWith(Parse(File.ReadLines(path), protocol, state));
        }
        return [.. found];
    }

    /// <summary>Reads lines of /proc/net/tcp and its like: "0: 0100007F:1F90 00000000:0000 0A ...", after a head.</summary>
    internal static IEnumerable<PortListener> Parse(IEnumerable<string> lines, byte protocol, string state)
    {
        foreach (string line in lines)
        {
            if (line.Split(' ', 5, StringSplitOptions.RemoveEmptyEntries) is not [_, var local, _, var rest, ..] || rest != state) continue;
            int colon = local.IndexOf(':');
            if (colon < 0 || !ushort.TryParse(local.AsSpan(colon + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ushort port)) continue;
            if (ReadAddress(local[..colon]) is { } address) yield return new PortListener(address, port, protocol);
        }
    }

    // Each 32-bit word is printed as the number that it is in memory.
    private static IPv4Address? ReadAddress(string hex)
    {
        if (hex.Length is not (8 or 32)) return null;
        var bytes = new byte[hex.Length / 2];
        for (int word = 0; word < bytes.Length; word += 4)
            BitConverter.TryWriteBytes(bytes.AsSpan(word), uint.Parse(hex.AsSpan(word * 2, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        var address = new IPAddress(bytes);
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (address.Equals(IPAddress.IPv6Any)) address = IPAddress.Any;
        return address.GetAddressBytes() is { Length: 4 } ipv4 ? IPv4Address.Read(ipv4) : null;
    }
}
