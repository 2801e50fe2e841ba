namespace Dataplane.Control.Metrics;

/// <summary>Counters of one port (one AF_XDP socket) since the start of the process.</summary>
public readonly record struct PortSample
{
    /// <summary>Interface name.</summary>
    public required string Name { get; init; }

    /// <summary>"pod", "host" or "uplink".</summary>
    public required string Kind { get; init; }

    /// <summary>Queue of the interface, as text: it becomes a label.</summary>
    public required string Queue { get; init; }

    /// <summary>"native" or "generic".</summary>
    public string XdpMode { get; init; }

    /// <summary>"zero-copy" or "copy".</summary>
    public string BindMode { get; init; }

    /// <summary>Frames taken from the rx ring.</summary>
    public ulong RxPackets { get; init; }

    /// <summary>Their bytes.</summary>
    public ulong RxBytes { get; init; }

    /// <summary>Frames put on the tx ring.</summary>
    public ulong TxPackets { get; init; }

    /// <summary>Their bytes.</summary>
    public ulong TxBytes { get; init; }

    /// <summary>XDP_STATISTICS rx_dropped: the kernel had no room or no valid frame.</summary>
    public ulong RxDropped { get; init; }

    /// <summary>XDP_STATISTICS rx_ring_full.</summary>
    public ulong RxRingFull { get; init; }

    /// <summary>XDP_STATISTICS rx_fill_ring_empty_descs.</summary>
    public ulong FillRingEmpty { get; init; }

    /// <summary>Frames that could not be sent.</summary>
    public ulong TxErrors { get; init; }
}
