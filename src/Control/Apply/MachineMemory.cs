using System.Globalization;

namespace Dataplane.Control.Apply;

/// <summary>How much memory there is for a process that is about to lock some.</summary>
internal static class MachineMemory
{
    private const string Limit = "/sys/fs/cgroup/memory.max"; // of a container; the root group has no such file

    /// <summary>Bytes that can be had without pushing others out: what the kernel calls available with reserved huge pages, and no more than the container's limit.</summary>
    public static long Available() => Available(Lines("/proc/meminfo"), Lines(Limit));

    /// <inheritdoc cref="Available()"/>
    /// <param name="meminfo">Lines of /proc/meminfo.</param>
    /// <param name="limit">Those of memory.max: bytes, or "max"; none without one.</param>
    internal static long Available(IReadOnlyList<string> meminfo, IReadOnlyList<string> limit)
    {
        long available = Number("MemAvailable:") is { } kibibytes ? (kibibytes + (Number("HugePages_Free:") ?? 0) * (Number("Hugepagesize:") ?? 0)) * 1024 : long.MaxValue;
        return limit.Count > 0 && long.TryParse(limit[0], NumberStyles.None, CultureInfo.InvariantCulture, out long most) ? Math.Min(available, most) : available;

        long? Number(string key) =>
            meminfo.FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal)) is { } line
            && long.TryParse(line[key.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : null;
    }

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
