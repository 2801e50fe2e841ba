namespace Dataplane.Conntrack;

/// <summary>What became of an insertion.</summary>
public enum InsertResult : byte
{
    /// <summary>The entry was made.</summary>
    Inserted,

    /// <summary>The flow has an entry already, from either direction: use that one.</summary>
    Exists,

    /// <summary>The reply tuple belongs to another flow: choose another NAT port and try again, else drop.</summary>
    ReplyCollision,

    /// <summary>No entry is free and none could be evicted: drop.</summary>
    Full,

    /// <summary>A rival insertion of the same flow did not finish for a long time (its thread was preempted): drop.</summary>
    Contended,
}
