namespace Dataplane.Control.Options;

/// <summary>How packets reach the pods of other nodes.</summary>
public enum RoutingMode
{
    /// <summary>In VXLAN tunnels between the nodes' addresses.</summary>
    Vxlan,
}
