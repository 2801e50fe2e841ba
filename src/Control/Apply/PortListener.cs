using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Dataplane.Headers;

namespace Dataplane.Control.Apply;

/// <summary>A socket of the node that waits for clients: TCP that listens, UDP that is bound and not connected.</summary>
/// <param name="Address">0.0.0.0 for all IPv4 addresses; :: for all of both families, as far as the kernel tells: sockets may have excluded IPv4.</param>
/// <param name="Port">Host order.</param>
/// <param name="Protocol">TCP or UDP.</param>
internal readonly record struct PortListener(IPAddress Address, ushort Port, byte Protocol)
{
    private const string Listening = "0A", Unconnected = "07"; // TCP_LISTEN and TCP_CLOSE, which the kernel uses for UDP

    /// <summary>Whether it can be reached from elsewhere by IPv4.</summary>
    public bool TakesIPv4 => !IPAddress.IsLoopback(Address) && (Address.AddressFamily == AddressFamily.InterNetwork || Address.Equals(IPAddress.IPv6Any));

    /// <summary>Whether it can be reached from elsewhere by IPv6, at other addresses than those of the link.</summary>
    public bool TakesIPv6 => Address.AddressFamily == AddressFamily.InterNetworkV6 && !IPAddress.IsLoopback(Address) && !Address.IsIPv6LinkLocal;

    /// <summary>Those of the calling thread's namespace, sorted, each once.</summary>
    public static IReadOnlyList<PortListener> List()
    {
        var found = new HashSet<PortListener>();
        foreach (var (file, protocol, state) in (ReadOnlySpan<(string, byte, string)>)
            [("tcp", IpProtocol.Tcp, Listening), ("tcp6", IpProtocol.Tcp, Listening), ("udp", IpProtocol.Udp, Unconnected), ("udp6", IpProtocol.Udp, Unconnected)])
        {
            string path = "/proc/thread-self/net/" + file;
            if (File.Exists(path)) found.UnionWith(Parse(File.ReadLines(path), protocol, state));
        }
        return [.. found.OrderBy(l => l.Port).ThenBy(l => l.Protocol).ThenBy(l => l.Address.ToString(), StringComparer.Ordinal)];
    }

    /// <summary>"address:port/protocol", the address in brackets if it is one of IPv6.</summary>
    public override string ToString() => $"{new IPEndPoint(Address, Port)}/{(Protocol == IpProtocol.Tcp ? "tcp" : "udp")}";

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
    private static IPAddress? ReadAddress(string hex)
    {
        if (hex.Length is not (8 or 32)) return null;
        var bytes = new byte[hex.Length / 2];
        for (int word = 0; word < bytes.Length; word += 4)
            BitConverter.TryWriteBytes(bytes.AsSpan(word), uint.Parse(hex.AsSpan(word * 2, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        var address = new IPAddress(bytes);
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
    }
}
