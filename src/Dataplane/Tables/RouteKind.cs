namespace Dataplane.Tables;

/// <summary>What a route does with packets.</summary>
public enum RouteKind : byte
{
    /// <summary>Drops them: an address of ours that nobody has.</summary>
    Unreachable = 0,

    /// <summary>Hands them to the node's own stack: an address of the node itself.</summary>
    Host = 1,

    /// <summary>Tunnels them to another node.</summary>
    Overlay = 2,

    /// <summary>Hands them to the node's own stack to route: nothing of the cluster. Never for packets from a tunnel.</summary>
    World = 3,
}
