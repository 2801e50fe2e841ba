namespace Dataplane.Cli.Connectivity;

/// <summary>The sort of an outcome.</summary>
internal enum ScenarioOutcomeKind
{
    /// <summary>All as it must be.</summary>
    Passed,

    /// <summary>Something was not.</summary>
    Failed,

    /// <summary>Not tried.</summary>
    Skipped,
}
