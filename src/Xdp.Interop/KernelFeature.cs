namespace Xdp.Interop;

/// <summary>One thing the dataplane likes to have from the kernel or the machine, as found at start.</summary>
/// <param name="Name">Short and stable: <c>tx-metadata</c>.</param>
/// <param name="Available">Whether it is there.</param>
/// <param name="Detail">What was seen, or why it is missing.</param>
/// <param name="Fallback">What happens without it; empty when nothing works without it.</param>
public sealed record KernelFeature(string Name, bool Available, string Detail, string Fallback)
{
    /// <summary>Whether the dataplane can run without it.</summary>
    public bool IsOptional => Fallback.Length > 0;
}
