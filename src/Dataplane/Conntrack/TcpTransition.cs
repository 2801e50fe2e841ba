namespace Dataplane.Conntrack;

/// <summary>What a TCP segment means for its flow's entry.</summary>
public enum TcpTransition : byte
{
    /// <summary>Nothing the table must know.</summary>
    None,

    /// <summary>The flow is ending: call <see cref="ConntrackWriter{TAddress}.Reschedule"/>, its timeout is shorter now.</summary>
    Ending,

    /// <summary>A new connection reuses the tuple of a finished one: remove the entry and decide anew, as for a flow without one.</summary>
    Reopen,

    /// <summary>The other end is gone: the segment is to be answered with RST.</summary>
    Orphaned,
}
