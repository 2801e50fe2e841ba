namespace Dataplane.Control.Metrics;

/// <summary>Something that has metrics. Called at each scrape, possibly by two scrapes at once.</summary>
public interface IMetricsSource
{
    /// <summary>Writes whole families; a family must not be written by two sources.</summary>
    void Write(ref MetricsWriter writer);
}
