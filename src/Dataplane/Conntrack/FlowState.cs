namespace Dataplane.Conntrack;

/// <summary>Life of a flow. TCP states follow what both ends were seen to say, not what either says of itself.</summary>
public enum FlowState : byte
{
    /// <summary>The entry is free.</summary>
    Free = 0,

    /// <summary>Not TCP; no answer yet.</summary>
    New = 1,

    /// <summary>Not TCP; answered.</summary>
    Replied = 2,

    /// <summary>TCP SYN seen.</summary>
    SynSent = 3,

    /// <summary>TCP SYN and SYN-ACK seen.</summary>
    SynReceived = 4,

    /// <summary>TCP handshake complete.</summary>
    Established = 5,

    /// <summary>One side has sent FIN.</summary>
    FinWait = 6,

    /// <summary>Both sides have sent FIN.</summary>
    TimeWait = 7,

    /// <summary>RST seen.</summary>
    Closed = 8,

    /// <summary>TCP, and one of its ends is gone: what the other sends is answered with RST.</summary>
    Orphaned = 9,
}
