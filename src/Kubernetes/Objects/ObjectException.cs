namespace Dataplane.Kubernetes;

/// <summary>An object that cannot be used; the message names the field and the remedy.</summary>
public sealed class ObjectException : Exception
{
    /// <summary>Makes the error for a place in the document.</summary>
    public ObjectException(int line, int column, string reason)
        : base(reason)
    {
        Line = line;
        Column = column;
    }

    /// <summary>Line, from 1.</summary>
    public int Line { get; }

    /// <summary>Column, from 1.</summary>
    public int Column { get; }
}
