using Dataplane.Conntrack;
using Dataplane.Packets;
using Dataplane.Testing;

namespace Dataplane.Tests.Conntrack;

/// <summary>Tables and numbered flows for the conntrack tests.</summary>
internal static class Flows
{
    public const byte Tcp = 6;
    public const byte Udp = 17;
    public const byte Icmp = 1;
    public const ulong Seed = 0x1234_5678_9abc_def0;

    public static ConntrackTable<IPv4Address> Table(int capacity, int workers = 1, ConntrackTimeouts? timeouts = null)
    {
        var table = new ConntrackTable<IPv4Address>(
            AlignedMemory.Allocate(ConntrackTable<IPv4Address>.RequiredBytes(capacity, workers)), capacity, workers, Seed, timeouts ?? new());
        for (int i = 0; i < workers; i++) table.Writer(i).Quiescent();
        return table;
    }

    /// <summary>The n-th flow: client 10.x.y.z port 1000 + n % 50000 to 172.16.0.1 port 80.</summary>
    public static FlowTuple<IPv4Address> Tuple(int n, byte protocol = Tcp) => new(
        IPv4Address.FromHost(0x0a000000 + (uint)n / 50000),
        new IPv4Address(172, 16, 0, 1),
        Be16.FromHost((ushort)(1000 + n % 50000)),
        Be16.FromHost(80),
        protocol);

    public static ConntrackEntry<IPv4Address> Entry(in FlowTuple<IPv4Address> original, in FlowTuple<IPv4Address> reply, FlowState? state = null)
    {
        ConntrackEntry<IPv4Address> e = default;
        e.Original = original;
        e.Reply = reply;
        e.State = state ?? (original.Protocol == Tcp ? FlowState.SynSent : FlowState.New);
        return e;
    }

    public static ulong Hash(in FlowTuple<IPv4Address> tuple) => tuple.Hash(Seed);

    public static int Insert(
        this ConntrackWriter<IPv4Address> writer, in FlowTuple<IPv4Address> original, uint now, out FlowDirection direction, out InsertResult result, FlowState? state = null) =>
        writer.Insert(in original, original.Mirror(), now, out direction, out result, state);

    public static int Insert(
        this ConntrackWriter<IPv4Address> writer, in FlowTuple<IPv4Address> original, in FlowTuple<IPv4Address> reply, uint now,
        out FlowDirection direction, out InsertResult result, FlowState? state = null)
    {
        ConntrackEntry<IPv4Address> e = Entry(in original, in reply, state);
        return writer.TryInsert(in e, Hash(in original), Hash(in reply), now, out direction, out result);
    }

    public static int Find(this ConntrackTable<IPv4Address> table, in FlowTuple<IPv4Address> tuple, out FlowDirection direction) =>
        table.Find(in tuple, Hash(in tuple), out direction);

    public static int Find(this ConntrackTable<IPv4Address> table, in FlowTuple<IPv4Address> tuple) => table.Find(in tuple, out _);

    /// <summary>One turn of a worker's loop.</summary>
    public static void Loop(this ConntrackWriter<IPv4Address> writer, uint now, int budget = 64)
    {
        writer.Quiescent();
        writer.Expire(now, budget);
    }

    /// <summary>In use plus spare plus pooled; equals the capacity unless an entry was lost or doubled.</summary>
    public static long Accounted(this ConntrackTable<IPv4Address> table)
    {
        long sum = table.Pooled;
        for (int i = 0; i < table.Workers; i++) sum += table.Writer(i).Spare + table.Writer(i).Counters.InUse;
        return sum;
    }
}
