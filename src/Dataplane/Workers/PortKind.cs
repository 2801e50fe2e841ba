namespace Dataplane.Workers;

/// <summary>What is on the other side of a port.</summary>
public enum PortKind : byte
{
    /// <summary>A pod's veth.</summary>
    Pod,

    /// <summary>The node's own stack.</summary>
    Host,

    /// <summary>The node's NIC; its packets come in a tunnel.</summary>
    Uplink,
}
