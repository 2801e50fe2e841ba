namespace Dataplane.Control.Metrics;

/// <summary>One label of a sample.</summary>
/// <param name="Name">Matches [a-zA-Z_][a-zA-Z0-9_]*; not checked here, as names are constants of ours.</param>
/// <param name="Value">Any text; it is escaped.</param>
public readonly record struct MetricLabel(string Name, string Value);
