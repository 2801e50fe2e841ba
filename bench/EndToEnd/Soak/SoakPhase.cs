namespace Dataplane.Bench.EndToEnd.Soak;

/// <summary>What goes on while a sample is taken.</summary>
public enum SoakPhase
{
    /// <summary>Nothing, before the load.</summary>
    Before,

    /// <summary>Load alone.</summary>
    Load,

    /// <summary>Load, and services that come, change and go.</summary>
    Churn,

    /// <summary>Nothing, after the load and its timeouts.</summary>
    After,
}
