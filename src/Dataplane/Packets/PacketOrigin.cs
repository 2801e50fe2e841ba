namespace Dataplane.Packets;

/// <summary>Where a packet came from; decides which rules apply to it.</summary>
public enum PacketOrigin : byte
{
    /// <summary>A local pod's port.</summary>
    Pod,

    /// <summary>The node's own stack, through the host port.</summary>
    Host,

    /// <summary>Another node, through the tunnel.</summary>
    Overlay,

    /// <summary>The uplink, not in a tunnel: for a service, or an answer to a flow that we masqueraded.</summary>
    Uplink,
}
