using System.Globalization;

namespace Dataplane.Bench.EndToEnd.Parsing;

/// <summary>/proc/net/snmp and /proc/net/netstat: pairs of lines, names and values, each behind a group's name.</summary>
public static class KernelCounters
{
    /// <summary>Reads both: values by name without the group ("ListenOverflows").</summary>
    public static IReadOnlyDictionary<string, long> Parse(string text)
    {
        var values = new Dictionary<string, long>(StringComparer.Ordinal);
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i + 1 < lines.Length; i += 2)
        {
            foreach (var (name, value) in lines[i].Split(' ').Zip(lines[i + 1].Split(' ')).Skip(1))
                values[name] = long.Parse(value, CultureInfo.InvariantCulture);
        }

        return values;
    }
}
