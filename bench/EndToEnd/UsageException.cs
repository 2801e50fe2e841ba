namespace Dataplane.Bench.EndToEnd;

/// <summary>The command line is wrong: the usage is shown and the exit code is 2.</summary>
public sealed class UsageException(string message) : Exception(message);
