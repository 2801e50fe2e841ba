namespace Dataplane.Control.Metrics;

/// <summary>How full a table of fixed size is.</summary>
/// <param name="Table">Its name.</param>
/// <param name="Used">Places that are taken.</param>
/// <param name="Capacity">All places; 0: there is no such table here.</param>
public readonly record struct PressureSample(string Table, ulong Used, ulong Capacity)
{
    /// <summary>From 0, empty, to 1, full.</summary>
    public double Pressure => Capacity == 0 ? 0 : (double)Used / Capacity;
}
