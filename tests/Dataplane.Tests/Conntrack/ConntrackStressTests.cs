using Dataplane.Conntrack;
using Dataplane.Packets;
using Xunit;

namespace Dataplane.Tests.Conntrack;

/// <summary>Several workers, and a control thread, on one table at once.</summary>
public abstract class ConntrackStressTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private const int Batch = 64;
    private static readonly TAddress Backend = Address("10.200.0.9", "fd00:10:200::9");

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void FirstPacketsOfBothDirectionsAtOnceMakeOneEntry(int workers)
    {
        const int rounds = 300;
        var table = Flows.Table<TAddress>(1 << 16, workers);
        var entries = new int[workers, rounds * Batch];
        var made = new int[rounds * Batch];
        using var barrier = new Barrier(workers);
        Run(workers, id =>
        {
            var writer = table.Writer(id);
            for (int round = 0; round < rounds; round++)
            {
                Assert.True(barrier.SignalAndWait(30_000));
                for (int i = 0; i < Batch; i++)
                {
                    int n = round * Batch + i;
                    (FlowTuple<TAddress> forth, FlowTuple<TAddress> back) = Translated(n);
                    entries[id, n] = id % 2 == 0
                        ? writer.Insert(in forth, in back, 0, out _, out InsertResult result)
                        : writer.Insert(in back, in forth, 0, out _, out result);
                    if (result == InsertResult.Inserted) Interlocked.Increment(ref made[n]);
                }
                writer.Loop(0);
            }
            writer.Offline();
        });

        for (int n = 0; n < made.Length; n++)
        {
            Assert.True(made[n] == 1, $"flow {n} was made {made[n]} times");
            for (int id = 0; id < workers; id++) Assert.Equal(entries[0, n], entries[id, n]);
        }
        Assert.Equal(made.Length, table.Reader.Snapshot().Count());
        CheckAtRest(table);
    }

    [Theory]
    [InlineData(2, 20_000, 3_000)] // roomy: mostly races of insertion and removal
    [InlineData(2, 1_500, 3_000)] // always full: eviction, entries go from worker to worker
    [InlineData(4, 1_500, 3_000)] // more workers than cores: some are preempted anywhere
    public void LookupsNeverReturnAnotherFlowAndNothingIsLost(int workers, int capacity, int flows)
    {
        var table = Flows.Table<TAddress>(capacity, workers);
        uint clock = 1;
        bool stop = false;
        string? failure = null;
        Thread control = new(() =>
        {
            long until = Environment.TickCount64 + 1500;
            while (Environment.TickCount64 < until && failure is null)
            {
                Thread.Sleep(5);
                Volatile.Write(ref clock, clock + 1);
                foreach (ConntrackEntry<TAddress> e in table.Reader.Snapshot()) Check(in e, (int)e.SourceIdentity, "dump");
                if (clock % 10 == 0) table.Reader.Flush(e => e.SourceIdentity % 4 == clock / 10 % 4);
            }
            Volatile.Write(ref stop, true);
        });
        control.Start();
        Run(workers, id =>
        {
            var writer = table.Writer(id);
            var random = new Random(id);
            Span<int> held = stackalloc int[Batch];
            Span<int> heldFlow = stackalloc int[Batch];
            while (!Volatile.Read(ref stop))
            {
                writer.Quiescent();
                uint now = Volatile.Read(ref clock);
                for (int i = 0; i < Batch; i++)
                {
                    heldFlow[i] = random.Next(flows);
                    held[i] = Packet(table, writer, random, heldFlow[i], now, Check);
                }
                // What was found may be removed by now, but is still what it was.
                for (int i = 0; i < Batch; i++)
                {
                    if (held[i] >= 0) Check(in table[held[i]], heldFlow[i], "held");
                }
                writer.Quiescent();
                writer.Expire(now, 128);
                if (random.Next(50) == 0)
                {
                    writer.Offline();
                    Thread.Yield();
                }
            }
            writer.Offline();
        });
        control.Join();
        Assert.Null(failure);
        CheckAtRest(table);

        for (int i = 0; i < 2000; i++)
        {
            for (int id = 0; id < workers; id++) table.Writer(id).Loop(clock + 200_000 + (uint)i);
        }
        Assert.Equal(0, table.Reader.Count);
        Assert.Empty(table.Reader.Snapshot());
        CheckAtRest(table);

        void Check(in ConntrackEntry<TAddress> e, int flow, string when)
        {
            (FlowTuple<TAddress> forth, FlowTuple<TAddress> back) = Translated(flow);
            bool right = e.SourceIdentity == flow
                && ((e.Original == forth && e.Reply == back) || (e.Original == back && e.Reply == forth));
            if (!right) Interlocked.CompareExchange(ref failure, $"{when}: entry of flow {e.SourceIdentity} ({e.Original}) where {flow} was expected", null);
        }
    }

    private delegate void EntryCheck(in ConntrackEntry<TAddress> e, int flow, string when);

    // A packet of a flow in some direction: look up, follow or open, now and then end. Returns the entry it used.
    private static int Packet(
        ConntrackTable<TAddress> table, ConntrackWriter<TAddress> writer, Random random, int flow, uint now, EntryCheck check)
    {
        (FlowTuple<TAddress> forth, FlowTuple<TAddress> back) = Translated(flow);
        if (random.Next(2) == 0) (forth, back) = (back, forth);
        int entry = table.Find(forth, out FlowDirection direction);
        if (entry < 0 || !table[entry].Touch(now))
        {
            ConntrackEntry<TAddress> e = Flows.Entry(in forth, in back);
            e.SourceIdentity = (uint)flow;
            entry = writer.TryInsert(in e, Flows.Hash(in forth), Flows.Hash(in back), now, out direction, out InsertResult result);
            if (result == InsertResult.ReplyCollision) check(default, flow, "collision");
            if (entry < 0) return -1;
        }
        ref ConntrackEntry<TAddress> found = ref table[entry];
        check(in found, flow, "found");
        if ((direction == FlowDirection.Original ? found.Original : found.Reply) != forth) check(default, flow, "direction");
        byte flags = random.Next(40) switch
        {
            0 => TcpTracker.Rst,
            1 or 2 => TcpTracker.Fin | TcpTracker.Ack,
            < 10 => TcpTracker.Syn | TcpTracker.Ack,
            _ => TcpTracker.Ack,
        };
        TcpTransition transition = TcpTracker.Advance(ref found, direction, flags);
        if (transition == TcpTransition.Ending) writer.Reschedule(entry);
        if (random.Next(100) == 0) writer.Remove(entry);
        return entry;
    }

    // A flow whose reply is not its mirrored original, as with NAT.
    private static (FlowTuple<TAddress> Forth, FlowTuple<TAddress> Back) Translated(int n)
    {
        FlowTuple<TAddress> forth = Flows.Tuple<TAddress>(n);
        return (forth, new FlowTuple<TAddress>(Backend, forth.Source, Be16.FromHost(8080), forth.SourcePort, Flows.Tcp));
    }

    private static void CheckAtRest(ConntrackTable<TAddress> table)
    {
        var flows = new HashSet<FlowTuple<TAddress>>();
        int live = 0;
        foreach (ConntrackEntry<TAddress> e in table.Reader.Snapshot())
        {
            live++;
            Assert.True(flows.Add(e.Original), $"two entries have {e.Original}");
            Assert.True(flows.Add(e.Reply), $"two entries have {e.Reply}");
            int entry = table.Find(e.Original, out FlowDirection direction);
            Assert.Equal(FlowDirection.Original, direction);
            Assert.Equal(entry, table.Find(e.Reply, out direction));
            Assert.Equal(FlowDirection.Reply, direction);
        }
        int used = 0;
        foreach (ulong slot in table.Slots) used += slot != 0 ? 1 : 0;
        Assert.Equal(2 * live, used);
        Assert.Equal(table.Capacity, table.Accounted());
    }

    private static void Run(int workers, Action<int> work)
    {
        var errors = new Exception?[workers];
        Thread[] threads = [.. Enumerable.Range(0, workers).Select(id => new Thread(() =>
        {
            try
            {
                work(id);
            }
            catch (Exception e)
            {
                errors[id] = e;
            }
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        Assert.All(errors, Assert.Null);
    }
}
