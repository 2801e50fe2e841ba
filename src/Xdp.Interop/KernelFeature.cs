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

    /// <summary>Whether it is not the machine that lacks it, but this process the right to it (EPERM, EACCES).</summary>
    public bool IsDenied { get; init; }

    /// <summary>What to tell who starts a dataplane that cannot do without it.</summary>
    public string Refusal => IsDenied
        ? $"this process may not use {Name}: {Detail}; run as root, or with CAP_NET_RAW, CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN and CAP_IPC_LOCK (and where a container or user namespace is around it, with those of the machine)"
        : $"this machine lacks {Name}: {Detail}";
}
