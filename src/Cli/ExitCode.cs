namespace Dataplane.Cli;

/// <summary>What a shell script sees of dpctl.</summary>
internal static class ExitCode
{
    /// <summary>Done, or a stream was ended by its reader or by Ctrl-C.</summary>
    public const int Success = 0;

    /// <summary>The dataplane could not be reached, refused, or a check failed.</summary>
    public const int Failure = 1;

    /// <summary>The command line is wrong, or names something that the dataplane calls invalid.</summary>
    public const int Usage = 2;
}
