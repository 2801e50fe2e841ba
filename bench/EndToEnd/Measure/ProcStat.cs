using System.Globalization;

namespace Dataplane.Bench.EndToEnd.Measure;

/// <summary>The fields of /proc/PID/stat (or of a thread's) that matter here; times in clock ticks of 1/100 s.</summary>
/// <param name="Parent">Parent process.</param>
/// <param name="Ticks">User and system time of the process itself.</param>
/// <param name="ChildTicks">User and system time of children it has waited for.</param>
/// <param name="Processor">Core it ran on last.</param>
internal readonly record struct ProcStat(int Parent, long Ticks, long ChildTicks, int Processor)
{
    internal const double TicksPerSecond = 100; // USER_HZ, fixed in the kernel's ABI

    /// <summary>Null when the process is gone.</summary>
    internal static ProcStat? Read(string path)
    {
        try
        {
            return Parse(File.ReadAllText(path));
        }
        catch (IOException)
        {
            return null; // ENOENT, or ESRCH while reading
        }
    }

    internal static ProcStat Parse(string text)
    {
        // The name in parentheses may hold blanks and parentheses: fields count from the last one.
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        long Field(int number) => long.Parse(fields[number - 3], CultureInfo.InvariantCulture); // proc(5) numbers from 1, "state" is 3
        return new ProcStat((int)Field(4), Field(14) + Field(15), Field(16) + Field(17), (int)Field(39));
    }

    /// <summary>All processes of the machine.</summary>
    internal static Dictionary<int, ProcStat> All()
    {
        var all = new Dictionary<int, ProcStat>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                && Read(directory + "/stat") is { } stat)
            {
                all[id] = stat;
            }
        }

        return all;
    }

    /// <summary>True when `id` is `root` or descends from it.</summary>
    internal static bool Descends(Dictionary<int, ProcStat> all, int id, int root)
    {
        for (var depth = 0; depth < 64 && id > 1; depth++)
        {
            if (id == root)
            {
                return true;
            }

            id = all.TryGetValue(id, out var stat) ? stat.Parent : 0;
        }

        return false;
    }
}
