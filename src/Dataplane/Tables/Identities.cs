namespace Dataplane.Tables;

/// <summary>Identities that are the same in every cluster; all others come from the agent, from 16 on.</summary>
public static class Identities
{
    /// <summary>This node: its addresses and its host port.</summary>
    public const uint Host = 1;

    /// <summary>Other nodes.</summary>
    public const uint RemoteNode = 2;

    /// <summary>Everything that has no entry.</summary>
    public const uint World = 3;

    /// <summary>A pod whose labels are not known.</summary>
    public const uint UnknownPod = 4;
}
