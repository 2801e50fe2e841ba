namespace Dataplane.Control.Metrics;

/// <summary>Kind of a metric family in the Prometheus text format.</summary>
public enum MetricType
{
    /// <summary>Only grows, from 0 at the start of the process; its name ends in _total.</summary>
    Counter,

    /// <summary>Goes up and down.</summary>
    Gauge,

    /// <summary>Counts by upper bound, with sum and count.</summary>
    Histogram,
}
