namespace Dataplane.Kubernetes;

/// <summary>An API server cannot be reached by what was given; the message names file or option, field, value and remedy.</summary>
public sealed class AccessException : Exception
{
    /// <summary>Makes the error.</summary>
    public AccessException(string message)
        : base(message)
    {
    }
}
