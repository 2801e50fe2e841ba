namespace Dataplane.Control.Metrics;

/// <summary>The dataplane as metrics see it.</summary>
public interface ITelemetrySource
{
    /// <summary>Copies the counters. Never called twice at once; the workers go on counting meanwhile.</summary>
    /// <param name="snapshot">Comes cleared.</param>
    void Read(TelemetrySnapshot snapshot);
}
