namespace Dataplane.Conntrack;

/// <summary>
/// Through it other threads tell an entry's owner that the entry was removed or its state changed: a lock-free stack through
/// <see cref="EntryLink.Mail"/> that the owner takes as a whole, so there is no ABA. An entry is in it at most once.
/// </summary>
internal sealed class EntryMailbox
{
    private int _posted; // last posted entry + 1; any thread
    private int _taken; // owner only: taken, not yet read; entry + 1

    /// <summary>True when there is something to read.</summary>
    public bool HasMail => _taken != 0 || Volatile.Read(ref _posted) != 0;

    /// <summary>Posts an entry. Any thread.</summary>
    public void Post(Span<EntryLink> links, int entry)
    {
        ref EntryLink link = ref links[entry];
        // Already posted and not yet read: the reader clears this before it reads the entry, so it will see what we changed.
        if (Interlocked.CompareExchange(ref link.Mail, EntryLink.LastMail, 0) != 0) return;
        while (true)
        {
            int head = Volatile.Read(ref _posted);
            Volatile.Write(ref link.Mail, head == 0 ? EntryLink.LastMail : head);
            if (Interlocked.CompareExchange(ref _posted, entry + 1, head) == head) return;
        }
    }

    /// <summary>The next entry, -1 when there is none. Owner only.</summary>
    public int Take(Span<EntryLink> links)
    {
        if (_taken == 0) _taken = Interlocked.Exchange(ref _posted, 0);
        if (_taken == 0) return -1;
        int entry = _taken - 1;
        int next = Interlocked.Exchange(ref links[entry].Mail, 0);
        _taken = next == EntryLink.LastMail ? 0 : next;
        return entry;
    }
}
