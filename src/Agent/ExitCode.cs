namespace Dataplane.Agent;

/// <summary>Exit codes of the process.</summary>
public static class ExitCode
{
    /// <summary>Ended as asked.</summary>
    public const int Success = 0;

    /// <summary>Ended by a failure.</summary>
    public const int Failure = 1;

    /// <summary>Bad usage or bad configuration.</summary>
    public const int Usage = 2;
}
