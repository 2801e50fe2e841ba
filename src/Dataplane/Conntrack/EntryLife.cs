namespace Dataplane.Conntrack;

/// <summary>
/// Whether an entry may be used. Every change but the first is a compare-and-swap, so that exactly one thread makes it:
/// Free -> Pending (its owner) -> Live | Aborted; Live -> Expiring (its owner) -> Live (anyone who saw a packet) | Dead;
/// Live -> Dead (anyone); Dead -> Free (its owner, after every worker has been quiescent).
/// </summary>
public enum EntryLife : byte
{
    /// <summary>Not in use.</summary>
    Free = 0,

    /// <summary>In the index, but its owner still looks for a rival; nobody may use it.</summary>
    Pending = 1,

    /// <summary>Pending, and a rival won.</summary>
    Aborted = 2,

    /// <summary>Removed; whoever found it before may use it until the end of its batch.</summary>
    Dead = 3,

    /// <summary>About to be removed for idleness; a packet brings it back (<see cref="ConntrackEntry{TAddress}.Touch"/>).</summary>
    Expiring = 4,

    /// <summary>In use.</summary>
    Live = 5,
}
