namespace Dataplane.Cli.Connectivity;

/// <summary>The test cannot be made; the message says what stands in its way and what to do.</summary>
internal sealed class ConnectivityException : Exception
{
    /// <summary>Makes the error.</summary>
    public ConnectivityException(string message)
        : base(message)
    {
    }
}
