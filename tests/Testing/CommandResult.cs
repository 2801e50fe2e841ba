namespace Dataplane.Testing;

/// <summary>How a command ended. <see cref="Output"/> is standard output, <see cref="Error"/> standard error.</summary>
public sealed record CommandResult(string CommandLine, int ExitCode, string Output, string Error)
{
    /// <summary>True when the exit code is 0.</summary>
    public bool Succeeded => ExitCode == 0;

    /// <summary>Returns itself; throws <see cref="CommandException"/> when the command failed.</summary>
    public CommandResult EnsureSuccess() => Succeeded ? this : throw new CommandException(ToString());

    /// <inheritdoc />
    public override string ToString() =>
        $"`{CommandLine}` exited with {ExitCode}\n{Error.TrimEnd()}\n{Output.TrimEnd()}".TrimEnd();
}
