using System.Runtime.InteropServices;

namespace Dataplane.Conntrack;

/// <summary>
/// An entry's place in its owner's lists, apart from the entry so that list work does not touch the packets' cache lines.
/// Only the owner reads and writes it, but for <see cref="Mail"/>. An entry is in one list at a time: an expiry queue, limbo,
/// the free list or a batch of the pool.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct EntryLink
{
    /// <summary>Bytes in the table.</summary>
    public const int Size = 16;

    /// <summary>Next node.</summary>
    public int Next;

    /// <summary>Previous node in an expiry queue; <see cref="Unlinked"/> when in none. In the pool: the next batch + 1.</summary>
    public int Prev;

    /// <summary>Clock when it was put into a FIFO.</summary>
    public uint QueuedAt;

    /// <summary>0: not in its owner's mailbox; otherwise the next one + 1, or <see cref="LastMail"/>. Any thread; interlocked.</summary>
    public int Mail;

    /// <summary>In no expiry queue.</summary>
    public const int Unlinked = -1;

    /// <summary>End of the mailbox.</summary>
    public const int LastMail = -1;
}
