namespace Dataplane;

/// <summary>How a packet's way through the path ended.</summary>
public enum VerdictKind : byte
{
    /// <summary>It did not: the next stage decides.</summary>
    Continue = 0,

    /// <summary>Sent on.</summary>
    Forward = 1,

    /// <summary>Turned into an answer to its sender: ARP, echo, ICMP error.</summary>
    Reply = 2,

    /// <summary>Dropped for a reason.</summary>
    Drop = 3,
}
