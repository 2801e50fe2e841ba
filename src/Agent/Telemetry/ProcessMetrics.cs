using System.Diagnostics;
using System.Globalization;

namespace Dataplane.Agent.Telemetry;

/// <summary>The metrics of the process itself, process_* as all exporters name them.</summary>
internal static class ProcessMetrics
{
    private static readonly double StartTime = ReadStartTime();

    public static void Render(MetricsText text)
    {
        text.Family("process_cpu_seconds_total", "counter", "User and system CPU time.").Sample(Environment.CpuUsage.TotalTime.TotalSeconds);
        text.Family("process_resident_memory_bytes", "gauge", "Resident memory.").Sample(Environment.WorkingSet);
        text.Family("process_virtual_memory_bytes", "gauge", "Virtual memory.").Sample(VirtualMemory());
        // Less the one that lists the directory.
        text.Family("process_open_fds", "gauge", "Open file descriptors.").Sample(Directory.EnumerateFileSystemEntries("/proc/self/fd").Count() - 1);
        text.Family("process_start_time_seconds", "gauge", "Start of the process, Unix time.").Sample(StartTime);
    }

    // proc(5), statm: size and other counts, in pages.
    private static double VirtualMemory() =>
        long.TryParse(File.ReadAllText("/proc/self/statm").Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var pages)
            ? pages * (double)Environment.SystemPageSize
            : 0;

    private static double ReadStartTime()
    {
        using var process = Process.GetCurrentProcess();
        return (process.StartTime.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds;
    }
}
