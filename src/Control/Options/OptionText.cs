using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Numerics;
using Dataplane.Conntrack;
using Dataplane.Contracts.Grpc;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Control.Options;

/// <summary>Reads option values. A <see cref="FormatException"/> says what is wrong with the text and how to write it.</summary>
internal static class OptionText
{
    private const int MaxInterfaceNameLength = 15; // IFNAMSIZ - 1

    /// <summary>A whole number in a range.</summary>
    public static int Integer(string text, int min, int max, string noun) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value >= min && value <= max
            ? value
            : throw new FormatException($"write {noun} from {min} to {max}");

    /// <summary>As <see cref="Integer"/>, where the word "auto" stands for 0.</summary>
    public static int IntegerOrAuto(string text, int min, int max, string noun) =>
        text == "auto" ? 0
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= min && value <= max ? value
        : throw new FormatException($"write auto, or {noun} from {min} to {max}");

    /// <summary>A ring size: the kernel takes powers of two only.</summary>
    public static int PowerOfTwo(string text, int min, int max)
    {
        int value = Integer(text, min, max, "a power of two");
        if (BitOperations.IsPow2(value))
            return value;
        uint above = BitOperations.RoundUpToPowerOf2((uint)value);
        throw new FormatException($"write a power of two, for example {Math.Min(above, (uint)max)}");
    }

    /// <summary>An IPv4 address, in dual-stack clusters with an IPv6 address beside it, in any order.</summary>
    public static AddressPair Addresses(string text)
    {
        var (v4, v6) = Pair(text, Address, address => address.AddressFamily);
        return v4 is null ? throw new FormatException("write an IPv4 address, too: tunnels are IPv4") : new AddressPair(v4, v6);
    }

    /// <summary>An IPv4 prefix, in dual-stack clusters with an IPv6 prefix beside it, in any order.</summary>
    public static NetworkPair Cidrs(string text, int unusedBits = 0)
    {
        var (v4, v6) = Pair<IPNetwork?>(text, cidr => Cidr(cidr, unusedBits), network => network!.Value.BaseAddress.AddressFamily);
        return v4 is null ? throw new FormatException("write an IPv4 prefix, too: clusters of IPv6 alone are not supported") : new NetworkPair(v4.Value, v6);
    }

    /// <summary>A prefix of either family whose host bits are zero.</summary>
    /// <param name="text">Address and length.</param>
    /// <param name="unusedBits">How many bits must be left for hosts.</param>
    public static IPNetwork Cidr(string text, int unusedBits = 0)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int length))
            throw new FormatException("write address/length, for example 10.244.1.0/24 or fd00:10:244:1::/64");
        var address = Address(text[..slash]);
        byte[] bytes = address.GetAddressBytes();
        int longest = bytes.Length * 8 - unusedBits;
        if (length < 1 || length > longest) throw new FormatException($"write a prefix length from 1 to {longest}");
        for (int bit = length; bit < bytes.Length * 8; bit++) bytes[bit / 8] &= (byte)~(0x80 >> bit % 8);
        var network = new IPAddress(bytes);
        return network.Equals(address) ? new IPNetwork(network, length) : throw new FormatException($"host bits are set; write {network}/{length}");
    }

    private static IPAddress Address(string text) =>
        IPv4Address.TryParse(text, out _) || IPv6Address.TryParse(text, out _) ? IPAddress.Parse(text) : throw new FormatException("write an IP address, for example 192.168.1.10 or fd00::10");

    private static (T? V4, T? V6) Pair<T>(string text, Func<string, T> parse, Func<T, AddressFamily> family)
    {
        T? v4 = default, v6 = default;
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var value = parse(part);
            ref var place = ref family(value) == AddressFamily.InterNetwork ? ref v4 : ref v6;
            if (place is not null) throw new FormatException("write one of each family, with a comma between them");
            place = value;
        }
        return (v4, v6);
    }

    /// <summary>An interface name, leaving room for a suffix.</summary>
    public static string InterfaceName(string text, int suffixLength = 0)
    {
        int max = MaxInterfaceNameLength - suffixLength;
        return text.Length > 0 && text.Length <= max && text is not ("." or "..") && !text.Any(c => c is '/' or ':' or '%' || char.IsWhiteSpace(c))
            ? text
            : throw new FormatException($"write the name of a network interface, at most {max} characters");
    }

    /// <summary>A Kubernetes object name (RFC 1123 subdomain).</summary>
    public static string NodeName(string text)
    {
        bool valid = text.Length is > 0 and <= 253 && char.IsAsciiLetterOrDigit(text[0]) && char.IsAsciiLetterOrDigit(text[^1]);
        foreach (char c in text)
            valid &= char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.';
        return valid ? text : throw new FormatException("write the name of the Node object: lower case letters, digits, '-' and '.'");
    }

    /// <summary>One of several words.</summary>
    public static T Choice<T>(string text, params ReadOnlySpan<(string Word, T Value)> choices)
    {
        var words = new List<string>(choices.Length);
        foreach (var (word, value) in choices)
        {
            if (word == text)
                return value;
            words.Add(word);
        }
        throw new FormatException($"write one of {string.Join(", ", words)}");
    }

    /// <summary>A list such as "0,2-3", or "any" for the empty list.</summary>
    public static IReadOnlyList<int> CpuList(string text)
    {
        const string Form = "write any, or a list of CPUs such as 0,2-3";
        if (text == "any")
            return [];
        var cpus = new List<int>();
        foreach (string part in text.Split(','))
        {
            int dash = part.IndexOf('-', StringComparison.Ordinal);
            string first = dash < 0 ? part : part[..dash];
            string last = dash < 0 ? part : part[(dash + 1)..];
            if (!int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out int from)
                || !int.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out int to)
                || from > to || to > 8191)
                throw new FormatException(Form);
            for (int cpu = from; cpu <= to; cpu++)
            {
                if (cpus.Contains(cpu))
                    throw new FormatException($"CPU {cpu} is listed twice; {Form}");
                cpus.Add(cpu);
            }
        }
        return cpus;
    }

    /// <summary>A socket address, "off" for none.</summary>
    public static IPEndPoint? Listen(string text)
    {
        if (text == "off")
            return null;
        // Without this check "::1:9962" would be read as an address with port 0.
        return IPEndPoint.TryParse(text, out var endpoint) && endpoint.Port != 0
            ? endpoint
            : throw new FormatException("write address:port, for example 0.0.0.0:9962 or [::]:9962, or off");
    }

    /// <summary>The path within unix:///path.</summary>
    public static string SocketPath(string text)
    {
        try
        {
            return UnixSocketAddress.ParsePath(text);
        }
        catch (ArgumentException e)
        {
            throw new FormatException(e.Message, e);
        }
    }

    /// <summary>An absolute path of a directory.</summary>
    public static string Directory(string text) =>
        text.Length > 1 && text[0] == '/' ? text : throw new FormatException("write an absolute path");

    /// <summary>Values with commas between them; at least one.</summary>
    public static IReadOnlyList<T> List<T>(string text, Func<string, T> read) => [.. text.Split(',', StringSplitOptions.TrimEntries).Select(read)];

    /// <summary>"first-last"; the number of ports a multiple of <paramref name="multipleOf"/>.</summary>
    public static (ushort First, ushort Last) PortRange(string text, int multipleOf = 1)
    {
        int dash = text.IndexOf('-');
        if (dash < 0 || !ushort.TryParse(text.AsSpan(0, dash), NumberStyles.None, CultureInfo.InvariantCulture, out ushort first)
            || !ushort.TryParse(text.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort last) || first == 0 || last < first)
        {
            throw new FormatException("write two ports from 1 to 65535 with a dash between them, the lower one first");
        }
        int count = last - first + 1;
        return count % multipleOf == 0 ? (first, last) : throw new FormatException($"write a range of a multiple of {multipleOf} ports; this one has {count}");
    }

    /// <summary>A prime number.</summary>
    public static int Prime(string text, int min, int max)
    {
        int number = Integer(text, min, max, "a prime");
        return MaglevTable.IsPrime(number) ? number : throw new FormatException("write a prime number, such as 251, 1021, 4093, 16381, 65521 or 131071");
    }

    /// <summary>What kube-proxy would give the kernel's table (K29), and a power of two.</summary>
    public static int ConntrackEntries(int cpus) => (int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(32768 * cpus, 262_144, 1_048_576));

    /// <summary>"name=seconds,..." over the defaults.</summary>
    public static ConntrackTimeouts ConntrackTimeouts(string text)
    {
        var timeouts = new ConntrackTimeouts();
        if (text == "default") return timeouts;
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            int equals = part.IndexOf('=');
            if (equals < 0) throw new FormatException($"write name=seconds for '{part}'");
            int seconds = Integer(part[(equals + 1)..], 1, Dataplane.Conntrack.ConntrackTimeouts.Longest, "a time in seconds");
            timeouts = part[..equals] switch
            {
                "tcp-handshake" => timeouts with { TcpHandshake = seconds },
                "tcp-established" => timeouts with { TcpEstablished = seconds },
                "tcp-fin-wait" => timeouts with { TcpFinWait = seconds },
                "tcp-time-wait" => timeouts with { TcpTimeWait = seconds },
                "tcp-closed" => timeouts with { TcpClosed = seconds },
                "udp" => timeouts with { Udp = seconds },
                "udp-replied" => timeouts with { UdpReplied = seconds },
                "icmp" => timeouts with { Icmp = seconds },
                "other" => timeouts with { Other = seconds },
                var name => throw new FormatException($"'{name}' is none of tcp-handshake, tcp-established, tcp-fin-wait, tcp-time-wait, tcp-closed, udp, udp-replied, icmp, other"),
            };
        }
        return timeouts;
    }
}
