namespace Dataplane.Conntrack;

/// <summary>What a worker did to the table. Plain numbers: the worker alone writes them, others read what is there.</summary>
public sealed class ConntrackCounters
{
    /// <summary>Entries made.</summary>
    public ulong Inserted;

    /// <summary>Entries recycled, for whatever reason. <see cref="Inserted"/> minus this is the number in use.</summary>
    public ulong Removed;

    /// <summary>Entries removed because they were idle for their timeout.</summary>
    public ulong Expired;

    /// <summary>Entries removed to make room: unreplied or finished flows.</summary>
    public ulong Evicted;

    /// <summary>Insertions that found the table full.</summary>
    public ulong Full;

    /// <summary>Insertions that found another worker's entry of the same flow.</summary>
    public ulong Exists;

    /// <summary>Insertions whose reply tuple was taken.</summary>
    public ulong ReplyCollisions;

    /// <summary>Insertions given up because a rival did not finish.</summary>
    public ulong Contended;

    /// <summary>Entries this worker made and has not recycled.</summary>
    public long InUse => (long)(Volatile.Read(ref Inserted) - Volatile.Read(ref Removed));

    internal void Add(ConntrackCounters other)
    {
        Inserted += Volatile.Read(ref other.Inserted);
        Removed += Volatile.Read(ref other.Removed);
        Expired += Volatile.Read(ref other.Expired);
        Evicted += Volatile.Read(ref other.Evicted);
        Full += Volatile.Read(ref other.Full);
        Exists += Volatile.Read(ref other.Exists);
        ReplyCollisions += Volatile.Read(ref other.ReplyCollisions);
        Contended += Volatile.Read(ref other.Contended);
    }
}
