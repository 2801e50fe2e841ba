using Dataplane.Conntrack;
using Dataplane.Packets;
using Dataplane.Testing;
using Dataplane.Testing.Packets;

namespace Dataplane.Tests.Conntrack;

/// <summary>Tables and numbered flows for the conntrack tests.</summary>
internal static class Flows
{
    public const byte Tcp = 6;
    public const byte Udp = 17;
    public const byte Icmp = 1;
    public const ulong Seed = 0x1234_5678_9abc_def0;

    public static ConntrackTable<TAddress> Table<TAddress>(int capacity, int workers = 1, ConntrackTimeouts? timeouts = null)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        var table = new ConntrackTable<TAddress>(
            AlignedMemory.Allocate(ConntrackTable<TAddress>.RequiredBytes(capacity, workers)), capacity, workers, Seed, timeouts ?? new());
        for (int i = 0; i < workers; i++) table.Writer(i).Quiescent();
        return table;
    }

    /// <summary>The n-th flow: client 10.x.y.z or fd00::x:y:z, port 1000 + n % 50000, to one server's port 80.</summary>
    public static FlowTuple<TAddress> Tuple<TAddress>(int n, byte protocol = Tcp)
        where TAddress : unmanaged, IIpAddress<TAddress> => new(
            Family<TAddress>.After(Clients<TAddress>.First, n / 50000), Clients<TAddress>.Server, Be16.FromHost((ushort)(1000 + n % 50000)), Be16.FromHost(80), protocol);

    public static ConntrackEntry<TAddress> Entry<TAddress>(in FlowTuple<TAddress> original, in FlowTuple<TAddress> reply, FlowState? state = null)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ConntrackEntry<TAddress> e = default;
        e.Original = original;
        e.Reply = reply;
        e.State = state ?? (original.Protocol == Tcp ? FlowState.SynSent : FlowState.New);
        return e;
    }

    public static ulong Hash<TAddress>(in FlowTuple<TAddress> tuple)
        where TAddress : unmanaged, IIpAddress<TAddress> => tuple.Hash(Seed);

    public static int Insert<TAddress>(
        this ConntrackWriter<TAddress> writer, in FlowTuple<TAddress> original, uint now, out FlowDirection direction, out InsertResult result, FlowState? state = null)
        where TAddress : unmanaged, IIpAddress<TAddress> =>
        writer.Insert(in original, original.Mirror(), now, out direction, out result, state);

    public static int Insert<TAddress>(
        this ConntrackWriter<TAddress> writer, in FlowTuple<TAddress> original, in FlowTuple<TAddress> reply, uint now,
        out FlowDirection direction, out InsertResult result, FlowState? state = null)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ConntrackEntry<TAddress> e = Entry(in original, in reply, state);
        return writer.TryInsert(in e, Hash(in original), Hash(in reply), now, out direction, out result);
    }

    public static int Find<TAddress>(this ConntrackTable<TAddress> table, in FlowTuple<TAddress> tuple, out FlowDirection direction)
        where TAddress : unmanaged, IIpAddress<TAddress> =>
        table.Find(in tuple, Hash(in tuple), out direction);

    public static int Find<TAddress>(this ConntrackTable<TAddress> table, in FlowTuple<TAddress> tuple)
        where TAddress : unmanaged, IIpAddress<TAddress> => table.Find(in tuple, out _);

    /// <summary>One turn of a worker's loop.</summary>
    public static void Loop<TAddress>(this ConntrackWriter<TAddress> writer, uint now, int budget = 64)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        writer.Quiescent();
        writer.Expire(now, budget);
    }

    /// <summary>In use plus spare plus pooled; equals the capacity unless an entry was lost or doubled.</summary>
    public static long Accounted<TAddress>(this ConntrackTable<TAddress> table)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        long sum = table.Pooled;
        for (int i = 0; i < table.Workers; i++) sum += table.Writer(i).Spare + table.Writer(i).Counters.InUse;
        return sum;
    }

    // Made once: hashing is what some tests measure.
    private static class Clients<TAddress>
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        public static readonly TAddress First = Family<TAddress>.Address("10.0.0.0", "fd00::"), Server = Family<TAddress>.Address("172.16.0.1", "fd00:172:16::1");
    }
}
