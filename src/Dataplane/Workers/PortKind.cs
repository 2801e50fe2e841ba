namespace Dataplane.Workers;

/// <summary>What is on the other side of a port.</summary>
public enum PortKind : byte
{
    /// <summary>A pod's veth.</summary>
    Pod,

    /// <summary>The node's own stack.</summary>
    Host,

    /// <summary>The node's NIC.</summary>
    Uplink,
}
