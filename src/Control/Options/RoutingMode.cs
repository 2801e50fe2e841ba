namespace Dataplane.Control.Options;

/// <summary>How packets reach the pods of other nodes.</summary>
public enum RoutingMode
{
    /// <summary>In VXLAN tunnels between the nodes' addresses.</summary>
    Vxlan,

    /// <summary>As they are, by the next hop that this node's routes name.</summary>
    Native,

    /// <summary>As they are to nodes on the same link, or where somebody else has brought a route to their pods; in VXLAN to all others.</summary>
    Auto,
}
