namespace Dataplane.Control.Options;

/// <summary>Bad usage or bad configuration. The message has one line per fault, each with key, value and remedy.</summary>
public sealed class OptionException(IReadOnlyList<string> faults) : Exception(string.Join('\n', faults))
{
    /// <summary>Exit code of the process for bad usage or bad configuration.</summary>
    public const int ExitCode = 2;

    /// <summary>One fault.</summary>
    public OptionException(string fault)
        : this([fault])
    {
    }

    /// <summary>The lines.</summary>
    public IReadOnlyList<string> Faults { get; } = faults;
}
