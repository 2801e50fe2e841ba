namespace Dataplane.Bench.EndToEnd.Paths;

/// <summary>Which of the called services a workload needs.</summary>
public enum ServiceKind
{
    /// <summary>"stream-*": one backend.</summary>
    Stream,

    /// <summary>"web-*": two backends with nginx.</summary>
    Web,
}
