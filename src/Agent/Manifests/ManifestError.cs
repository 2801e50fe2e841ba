namespace Dataplane.Agent.Manifests;

/// <summary>What is wrong with a file.</summary>
/// <param name="File">Path of the file.</param>
/// <param name="Line">Line from 1; 0 when the file as a whole is meant.</param>
/// <param name="Column">Column from 1; 0 as above.</param>
/// <param name="Reason">The field, what is wrong with it and what would be right.</param>
public sealed record ManifestError(string File, int Line, int Column, string Reason)
{
    /// <summary>"file:line:column: reason", as compilers write it.</summary>
    public override string ToString() => Line == 0 ? $"{File}: {Reason}" : $"{File}:{Line}:{Column}: {Reason}";
}
