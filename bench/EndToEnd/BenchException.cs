namespace Dataplane.Bench.EndToEnd;

/// <summary>A step of the bench failed; the message names the step and what to do.</summary>
public sealed class BenchException(string message) : Exception(message);
