using System.Globalization;

namespace Dataplane.Bench.EndToEnd.Measure;

/// <summary>One line "cpuN" of /proc/stat in clock ticks since boot.</summary>
internal readonly record struct CpuTimes(long Busy, long SoftIrq, long Steal)
{
    /// <summary>Per core, in the order of the cores.</summary>
    internal static CpuTimes[] Read() => Parse(File.ReadAllLines("/proc/stat"));

    internal static CpuTimes[] Parse(IEnumerable<string> lines) =>
        [.. lines.Where(l => l.StartsWith("cpu", StringComparison.Ordinal) && char.IsAsciiDigit(l[3])).Select(ParseLine)];

    private static CpuTimes ParseLine(string line)
    {
        // user nice system idle iowait irq softirq steal guest guest_nice; guest is inside user.
        var f = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..].Select(t => long.Parse(t, CultureInfo.InvariantCulture)).ToArray();
        return new CpuTimes(f[0] + f[1] + f[2] + f[5] + f[6], f[6], f[7]);
    }
}
