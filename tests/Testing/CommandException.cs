namespace Dataplane.Testing;

/// <summary>A command could not be started, failed or took too long; the message carries the command and its output.</summary>
public sealed class CommandException : Exception
{
    /// <summary>Makes the exception with a message that already names the command.</summary>
    public CommandException(string message) : base(message) { }

    /// <summary>The same, with the cause.</summary>
    public CommandException(string message, Exception inner) : base(message, inner) { }
}
