using System.Diagnostics;
using System.Globalization;

namespace Dataplane.Control.Metrics;

/// <summary>The metrics of the process itself: process_* as all exporters name them, and the garbage collector's, which should stand still.</summary>
public sealed class ProcessMetrics : IMetricsSource
{
    private const int MaxGeneration = 2;
    private static readonly string[] GenerationNames = ["0", "1", "2"];

    private readonly double _startTime;
    private readonly MetricLabel[] _build;

    /// <summary>Takes what does not change.</summary>
    /// <param name="version">Version of the program.</param>
    public ProcessMetrics(string version)
    {
        using var process = Process.GetCurrentProcess();
        _startTime = (process.StartTime.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds;
        _build =
        [
            new("version", version), new("runtime", Environment.Version.ToString()), new("kernel", Environment.OSVersion.Version.ToString()),
        ];
    }

    /// <inheritdoc/>
    public void Write(ref MetricsWriter writer)
    {
        writer.Family("dataplane_build_info", "Versions; always 1.", MetricType.Gauge);
        writer.Sample(_build, 1);

        writer.Family("dataplane_gc_collections_total", "Garbage collections; the packet path causes none.", MetricType.Counter);
        for (int generation = 0; generation <= MaxGeneration; generation++)
            // A collection of a generation counts for the younger ones too; shown apart, they add up.
            writer.Sample(
                "generation", GenerationNames[generation],
                GC.CollectionCount(generation) - (generation == MaxGeneration ? 0 : GC.CollectionCount(generation + 1)));
        writer.Single("dataplane_gc_pause_seconds_total", "Time that all threads were stopped for the garbage collector.", MetricType.Counter, GC.GetTotalPauseDuration().TotalSeconds);
        writer.Single("dataplane_gc_allocated_bytes_total", "Bytes allocated on the managed heap.", MetricType.Counter, GC.GetTotalAllocatedBytes());

        writer.Single("process_cpu_seconds_total", "User and system CPU time.", MetricType.Counter, Environment.CpuUsage.TotalTime.TotalSeconds);
        writer.Single("process_resident_memory_bytes", "Resident memory.", MetricType.Gauge, Environment.WorkingSet);
        writer.Single("process_virtual_memory_bytes", "Virtual memory.", MetricType.Gauge, VirtualMemory());
        writer.Single("process_open_fds", "Open file descriptors.", MetricType.Gauge, OpenDescriptors());
        writer.Single("process_start_time_seconds", "Start of the process, Unix time.", MetricType.Gauge, _startTime);
    }

    // proc(5), statm: size and other counts, in pages.
    private static double VirtualMemory()
    {
        Span<byte> text = stackalloc byte[128];
        using var file = File.OpenHandle("/proc/self/statm");
        int length = RandomAccess.Read(file, text, 0);
        int end = text[..length].IndexOf((byte)' ');
        return end > 0 && long.TryParse(text[..end], NumberStyles.None, CultureInfo.InvariantCulture, out long pages) ? pages * (double)Environment.SystemPageSize : 0;
    }

    private static int OpenDescriptors()
    {
        int count = 0;
        foreach (string _ in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
            count++;
        // Less the one that lists the directory.
        return count - 1;
    }
}
