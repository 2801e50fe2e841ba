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

    /// <summary>
    /// Nothing of the cluster: sent by the uplink where the <see cref="UnderlayTable{TAddress}"/> knows how, else handed to the node's
    /// own stack to route. Never for packets from a tunnel.
    /// </summary>
    World = 3,

    /// <summary>A pod of this node. It is found in the <see cref="EndpointTable{TAddress}"/>; no route leads to it.</summary>
    Pod = 4,

    /// <summary>
    /// Sends them to another node as they are: by the next hop that the <see cref="UnderlayTable{TAddress}"/> knows, else by the node's own
    /// stack, which has a route for them.
    /// </summary>
    Native = 5,
}
