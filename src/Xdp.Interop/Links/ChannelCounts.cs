namespace Xdp.Interop.Links;

/// <summary>Queues of an interface (ETHTOOL_GCHANNELS): what is in use and what could be.</summary>
public sealed record ChannelCounts
{
    public int Rx { get; init; }

    public int Tx { get; init; }

    /// <summary>Queues that both receive and send; they add to <see cref="Rx"/> and <see cref="Tx"/>.</summary>
    public int Combined { get; init; }

    public int MaxRx { get; init; }

    public int MaxTx { get; init; }

    public int MaxCombined { get; init; }

    /// <summary>All queues that receive: an AF_XDP socket can be bound to each.</summary>
    public int TotalRx => Rx + Combined;
}
