using System.Runtime.InteropServices;
using Dataplane.Packets;

namespace Dataplane.Conntrack;

/// <summary>
/// All flows of a table as bytes, for the process that comes next. Entries as they are in memory, host byte order, but for their time, which is
/// how long they had been idle: only the same version on the same machine reads them.
/// </summary>
public static class FlowArchive
{
    /// <summary>Writes all flows. Nobody may change the table meanwhile.</summary>
    /// <param name="to">Must be able to seek.</param>
    /// <param name="table">The table.</param>
    /// <param name="now">Its clock, seconds.</param>
    /// <returns>How many were written.</returns>
    /// <exception cref="IOException">They cannot be written.</exception>
    public static int Write<TAddress>(BinaryWriter to, ConntrackTable<TAddress> table, uint now)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ArgumentNullException.ThrowIfNull(to);
        ArgumentNullException.ThrowIfNull(table);
        to.Write(ConntrackEntry<TAddress>.LayoutVersion);
        to.Write(ConntrackLayout<TAddress>.EntrySize);
        to.Flush();
        long place = to.BaseStream.Position;
        to.Write(0);
        int count = 0;
        foreach (var flow in table.Reader.Snapshot())
        {
            var copy = flow;
            copy.LastSeen = (uint)Math.Max(0, (int)(now - flow.LastSeen));
            to.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<ConntrackEntry<TAddress>>(in copy)));
            count++;
        }
        to.Flush();
        long end = to.BaseStream.Position;
        to.BaseStream.Position = place;
        to.Write(count);
        to.Flush();
        to.BaseStream.Position = end;
        return count;
    }

    /// <summary>
    /// Puts the flows into a table that no worker uses yet. Each is judged anew with its next packet. What has expired, what is damaged, and what
    /// there is no room or port for is left out.
    /// </summary>
    /// <param name="from">What <see cref="Write"/> has written.</param>
    /// <param name="table">The table.</param>
    /// <param name="now">Its clock, seconds.</param>
    /// <param name="away">Seconds since they were written.</param>
    /// <returns>How many there were, and how many are in the table now.</returns>
    /// <exception cref="InvalidDataException">It is another version's.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static (int Written, int Restored) Read<TAddress>(BinaryReader from, ConntrackTable<TAddress> table, uint now, uint away)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(table);
        int version = from.ReadInt32(), size = from.ReadInt32(), count = from.ReadInt32();
        if (version != ConntrackEntry<TAddress>.LayoutVersion || size != ConntrackLayout<TAddress>.EntrySize)
            throw new InvalidDataException($"flows of layout {version} with {size} bytes, where {ConntrackEntry<TAddress>.LayoutVersion} with {ConntrackLayout<TAddress>.EntrySize} is known");
        for (int i = 0; i < table.Workers; i++) table.Writer(i).Quiescent();
        int restored = 0;
        ConntrackEntry<TAddress> flow = default;
        var evictable = new List<ConntrackEntry<TAddress>>(); // of short life, and kept in the order in which they are to go
        for (int i = 0; i < count; i++)
        {
            from.BaseStream.ReadExactly(MemoryMarshal.AsBytes(new Span<ConntrackEntry<TAddress>>(ref flow)));
            if (!IsFlow(in flow)) continue;
            if (ExpiryQueues.FifoOf(flow.State, ProtocolClasses.Of(in flow)) >= 0) evictable.Add(flow);
            else if (TryRestore(flow, table, i, now, away)) restored++;
        }
        evictable.Sort(static (a, b) => b.LastSeen.CompareTo(a.LastSeen)); // the longest idle first
        for (int i = 0; i < evictable.Count; i++)
        {
            if (TryRestore(evictable[i], table, i, now, away)) restored++;
        }
        for (int i = 0; i < table.Workers; i++) table.Writer(i).Offline();
        return (count, restored);
    }

    // Each worker sees to the expiry of those that it made.
    private static bool TryRestore<TAddress>(ConntrackEntry<TAddress> flow, ConntrackTable<TAddress> table, int number, uint now, uint away)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        flow.LastSeen = now - flow.LastSeen - away;
        if (table.SecondsLeft(in flow, now) == 0) return false;
        bool pooled = (flow.Flags & FlowFlags.PooledPort) != 0;
        if (pooled && !table.NatPorts.Contains(flow.Reply.DestinationPort)) return false; // answers to it do not come to us any more
        if (pooled && !table.NatPorts.TryClaim(in flow.Reply))
        {
            // Destinations are grouped otherwise now, and one of another destination has it in this group. It is ours all the same: the table
            // itself sees to it that no second flow of this destination gets it.
            pooled = false;
            flow.Flags &= ~FlowFlags.PooledPort;
        }
        flow.OriginalAction = flow.ReplyAction = new FlowAction { Revision = FlowAction.Undecided };
        if (table.Writer(number % table.Workers).TryRestore(in flow, now)) return true;
        if (pooled) table.NatPorts.Return(in flow.Reply);
        return false;
    }

    // A file is no more to be trusted than a disk.
    private static bool IsFlow<TAddress>(in ConntrackEntry<TAddress> flow)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        bool isTcp = ProtocolClasses.Of(in flow) == ProtocolClass.Tcp;
        var (first, last) = isTcp ? (FlowState.SynSent, FlowState.Orphaned) : (FlowState.New, FlowState.Replied);
        return flow.State >= first && flow.State <= last && flow.Original.Protocol == flow.Reply.Protocol && flow.LastSeen <= int.MaxValue / 2
            && IsMtu<TAddress>(flow.OriginalMtu) && IsMtu<TAddress>(flow.ReplyMtu);
    }

    private static bool IsMtu<TAddress>(ushort mtu)
        where TAddress : unmanaged, IIpAddress<TAddress> => mtu == 0 || mtu >= TAddress.LeastMtu;
}
