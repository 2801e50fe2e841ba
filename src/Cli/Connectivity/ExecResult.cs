namespace Dataplane.Cli.Connectivity;

/// <summary>What a command in a container came to.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="Errors">Its standard error.</param>
internal sealed record ExecResult(int ExitCode, string Output, string Errors);
