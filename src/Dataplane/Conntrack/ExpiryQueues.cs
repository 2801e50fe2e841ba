namespace Dataplane.Conntrack;

/// <summary>
/// A worker's entries by when they may expire, in circular lists through <see cref="EntryLink"/>.
/// Flows that may be evicted when the table is full wait in FIFOs, one per timeout, the oldest at the head. All others are in a
/// timer wheel: 256 lists of a second each, then 512 of 256 seconds each. Packets do not move an entry: when its time comes the
/// owner looks at <see cref="ConntrackEntry{TAddress}.LastSeen"/> and either expires it or files it anew. So an idle flow in the
/// wheel goes within a second of its timeout, one in a FIFO that had more than one packet within twice its timeout.
/// </summary>
internal readonly struct ExpiryQueues
{
    /// <summary>Lists per worker.</summary>
    public const int Lists = Fifos + 1 + Seconds + Spans;

    /// <summary>Evictable flows: first the unreplied, then the finished.</summary>
    public const int Fifos = 6;

    /// <summary>FIFOs of flows that nobody has answered, or whose handshake is not complete; evicted first.</summary>
    public const int UnrepliedFifos = 4;

    /// <summary>The list of entries whose time in the wheel has come.</summary>
    public const int Due = Fifos;

    private const int FirstSecond = Due + 1;
    private const int Seconds = 256;
    private const int FirstSpan = FirstSecond + Seconds;
    private const int Spans = 512;
    private const int MaxDelay = (Spans - 2) * Seconds;

    private readonly int _base; // node number of this worker's first list

    public ExpiryQueues(int capacity, int worker) => _base = capacity + worker * Lists;

    /// <summary>Makes all lists empty.</summary>
    public void Reset(Span<EntryLink> links)
    {
        for (int list = _base; list < _base + Lists; list++)
        {
            links[list].Next = list;
            links[list].Prev = list;
        }
    }

    /// <summary>The FIFO of a flow, or -1 when it belongs in the wheel.</summary>
    public static int FifoOf(FlowState state, ProtocolClass protocol) => state switch
    {
        FlowState.New or FlowState.SynSent or FlowState.SynReceived => (int)protocol,
        FlowState.TimeWait => UnrepliedFifos,
        FlowState.Closed or FlowState.Orphaned => UnrepliedFifos + 1,
        _ => -1,
    };

    /// <summary>Head of a list, -1 when it is empty.</summary>
    public int Head(Span<EntryLink> links, int list)
    {
        int head = links[_base + list].Next;
        return head == _base + list ? -1 : head;
    }

    /// <summary>Appends to a FIFO.</summary>
    public void Append(Span<EntryLink> links, int fifo, int entry, uint now)
    {
        links[entry].QueuedAt = now;
        Link(links, _base + fifo, entry);
    }

    /// <summary>Puts into the wheel for <paramref name="deadline"/>, as seen from <paramref name="cursor"/>.</summary>
    public void Schedule(Span<EntryLink> links, int entry, uint deadline, uint cursor)
    {
        int delay = Math.Min((int)(deadline - cursor), MaxDelay); // too far: looked at in between
        uint at = cursor + (uint)delay;
        int list = delay <= 0 ? Due
            : delay < Seconds ? FirstSecond + (int)(at % Seconds)
            : FirstSpan + (int)(at / Seconds % Spans);
        Link(links, _base + list, entry);
    }

    /// <summary>Moves what the wheel has for the second <paramref name="cursor"/> to <see cref="Due"/>.</summary>
    public void Turn(Span<EntryLink> links, uint cursor)
    {
        if (cursor % Seconds == 0) MoveToDue(links, FirstSpan + (int)(cursor / Seconds % Spans));
        MoveToDue(links, FirstSecond + (int)(cursor % Seconds));
    }

    /// <summary>Takes an entry out of its list.</summary>
    public static void Unlink(Span<EntryLink> links, int entry)
    {
        ref EntryLink link = ref links[entry];
        links[link.Prev].Next = link.Next;
        links[link.Next].Prev = link.Prev;
        link.Prev = EntryLink.Unlinked;
    }

    private static void Link(Span<EntryLink> links, int list, int entry)
    {
        ref EntryLink link = ref links[entry];
        int last = links[list].Prev;
        link.Prev = last;
        link.Next = list;
        links[last].Next = entry;
        links[list].Prev = entry;
    }

    private void MoveToDue(Span<EntryLink> links, int from)
    {
        ref EntryLink source = ref links[_base + from];
        if (source.Next == _base + from) return;
        ref EntryLink due = ref links[_base + Due];
        links[due.Prev].Next = source.Next;
        links[source.Next].Prev = due.Prev;
        links[source.Prev].Next = _base + Due;
        due.Prev = source.Prev;
        source.Next = _base + from;
        source.Prev = _base + from;
    }
}
