using System.Globalization;

namespace Dataplane.Bench.EndToEnd.Measure;

/// <summary>What a process holds, from /proc.</summary>
public static class ProcessMemory
{
    /// <summary>Resident memory in bytes (VmRSS); 0 when the process is gone.</summary>
    public static long Resident(int id) => Field(id, "VmRSS:");

    /// <summary>The most that it has had resident, bytes (VmHWM).</summary>
    public static long Peak(int id) => Field(id, "VmHWM:");

    /// <summary>Open file descriptors; 0 when the process is gone.</summary>
    public static int Descriptors(int id)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries($"/proc/{id}/fd").Count();
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static long Field(int id, string name)
    {
        try
        {
            var line = File.ReadLines($"/proc/{id}/status").FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line[name.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture) << 10;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
