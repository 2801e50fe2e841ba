using System.Collections;
using System.Globalization;
using System.Text;

namespace Dataplane.Control.Apply;

/// <summary>A set of ports, read and written as the kernel does in net.ipv4.ip_local_reserved_ports: "22,30000-32767". Never changes.</summary>
internal sealed class PortRanges : IEquatable<PortRanges>
{
    private const int Ports = 65536;
    private readonly BitArray _ports;

    private PortRanges(BitArray ports)
    {
        _ports = ports;
        Count = ports.Cast<bool>().Count(set => set);
    }

    /// <summary>No port.</summary>
    public static PortRanges Empty { get; } = new(new BitArray(Ports));

    /// <summary>How many ports.</summary>
    public int Count { get; }

    /// <summary>All ports from one to another, both included.</summary>
    public static PortRanges Of(ushort first, ushort last)
    {
        var ports = new BitArray(Ports);
        for (int port = first; port <= last; port++) ports[port] = true;
        return new PortRanges(ports);
    }

    /// <summary>Reads a list; empty text is no port.</summary>
    /// <exception cref="FormatException">It is no such list.</exception>
    public static PortRanges Parse(string text)
    {
        var ports = new BitArray(Ports);
        foreach (string part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] ends = part.Split('-');
            int first = Number(ends[0]), last = ends.Length == 1 ? first : Number(ends[^1]);
            if (ends.Length > 2 || first > last) throw new FormatException($"'{part}' in '{text}' is no range of ports");
            for (int port = first; port <= last; port++) ports[port] = true;
        }
        return new PortRanges(ports);

        int Number(string number) => ushort.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
            ? port
            : throw new FormatException($"'{number}' in '{text}' is no port");
    }

    /// <summary>Ports of either.</summary>
    public PortRanges Union(PortRanges other) => new(new BitArray(_ports).Or(other._ports));

    /// <summary>Ports of this one that are not in the other.</summary>
    public PortRanges Except(PortRanges other) => new(new BitArray(other._ports).Not().And(_ports));

    /// <inheritdoc/>
    public bool Equals(PortRanges? other) => other is not null && Count == other.Count && Except(other).Count == 0;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PortRanges);

    /// <inheritdoc/>
    public override int GetHashCode() => Count;

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder();
        for (int port = 0; port < Ports; port++)
        {
            if (!_ports[port]) continue;
            int first = port;
            while (port + 1 < Ports && _ports[port + 1]) port++;
            if (text.Length > 0) text.Append(',');
            text.Append(CultureInfo.InvariantCulture, $"{first}");
            if (port > first) text.Append(CultureInfo.InvariantCulture, $"-{port}");
        }
        return text.ToString();
    }
}
