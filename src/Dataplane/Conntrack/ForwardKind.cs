namespace Dataplane.Conntrack;

/// <summary>Where packets of a flow's direction go.</summary>
public enum ForwardKind : byte
{
    /// <summary>Not decided yet.</summary>
    None = 0,

    /// <summary>Out of a port of this node: a pod's or the host's.</summary>
    Port = 1,

    /// <summary>To another node, in VXLAN.</summary>
    Overlay = 2,

    /// <summary>To a next hop on the underlay, as they are.</summary>
    Neighbor = 3,
}
