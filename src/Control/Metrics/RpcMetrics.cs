using System.Diagnostics;
using Dataplane.Contracts.Grpc;

namespace Dataplane.Control.Metrics;

/// <summary>Calls of the control service, by method and status.</summary>
internal sealed class RpcMetrics : IMetricsSource
{
    private const int StatusCount = (int)StatusCode.Unauthenticated + 1;
    private static readonly string[] StatusNames = Enum.GetNames<StatusCode>();

    private readonly Row[] _rows;
    private readonly Dictionary<string, Row> _byPath;

    /// <param name="paths">Paths of all methods, <c>/package.Service/Method</c>; calls of others are not counted.</param>
    public RpcMetrics(IEnumerable<string> paths)
    {
        _rows = [.. paths.Order(StringComparer.Ordinal).Select(path => new Row(path))];
        _byPath = _rows.ToDictionary(row => row.Path, StringComparer.Ordinal);
    }

    /// <summary>A call begins; the result goes to <see cref="End"/>.</summary>
    public long Begin(string path)
    {
        Interlocked.Increment(ref _byPath[path].InFlight);
        return Stopwatch.GetTimestamp();
    }

    /// <summary>A call ended.</summary>
    public void End(string path, long begin, StatusCode status)
    {
        var row = _byPath[path];
        Interlocked.Decrement(ref row.InFlight);
        Interlocked.Increment(ref row.Ended[(int)status]);
        row.Durations.Record(Stopwatch.GetElapsedTime(begin));
    }

    /// <inheritdoc/>
    public void Write(ref MetricsWriter writer)
    {
        writer.Family("dataplane_control_requests_total", "Calls of the control service that ended, by method and gRPC status.", MetricType.Counter);
        foreach (var row in _rows)
        {
            for (int status = 0; status < StatusCount; status++)
            {
                long count = Volatile.Read(ref row.Ended[status]);
                // OK is always there, so that an error ratio can be taken; the rest of the 17 only once they happened.
                if (count != 0 || status == (int)StatusCode.OK)
                    writer.Sample([new("method", row.Method), new("code", StatusNames[status])], count);
            }
        }
        writer.Family("dataplane_control_requests_in_flight", "Calls of the control service under way, watches among them.", MetricType.Gauge);
        foreach (var row in _rows)
            writer.Sample("method", row.Method, Volatile.Read(ref row.InFlight));
        writer.Family("dataplane_control_request_duration_seconds", "How long calls of the control service took; methods never called are left out.", MetricType.Histogram);
        foreach (var row in _rows)
        {
            if (row.HasEnded)
                row.Durations.Write(ref writer, [new("method", row.Method)]);
        }
    }

    private sealed class Row(string path)
    {
        public long InFlight;
        public readonly long[] Ended = new long[StatusCount];

        public string Path { get; } = path;

        public string Method { get; } = path[(path.LastIndexOf('/') + 1)..];

        public DurationHistogram Durations { get; } = new(0.001, 14);

        public bool HasEnded => Ended.AsSpan().ContainsAnyExcept(0);
    }
}
