using Dataplane.Conntrack;
using Dataplane.Packets;
using Xunit;

namespace Dataplane.Tests.Conntrack;

/// <summary>A full table: who goes and who stays.</summary>
public abstract class ConntrackFullTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private const int Capacity = 4096;
    private const int Batch = 64;

    [Theory]
    [InlineData(FlowState.SynSent)]
    [InlineData(FlowState.SynReceived)] // the flooded server answers
    public void EstablishedFlowsSurviveASynFloodOfTenTimesTheTable(FlowState flood)
    {
        var table = Flows.Table<TAddress>(Capacity);
        var writer = table.Writer(0);
        const int established = Capacity / 2;
        for (int i = 0; i < established; i++) writer.Insert(Flows.Tuple<TAddress>(i), 0, out _, out _, FlowState.Established);

        int refused = 0;
        for (int i = 0; i < 10 * Capacity; i++)
        {
            if (i % Batch == 0) writer.Loop((uint)(i / Capacity));
            writer.Insert(Flows.Tuple<TAddress>(1_000_000 + i), (uint)(i / Capacity), out _, out InsertResult result, flood);
            if (result != InsertResult.Inserted) refused++;
        }

        Assert.Equal(0, refused);
        for (int i = 0; i < established; i++) Assert.True(table.Find(Flows.Tuple<TAddress>(i)) >= 0, $"established flow {i} is gone");
        Assert.True(table.Find(Flows.Tuple<TAddress>(1_000_000 + 10 * Capacity - 1)) >= 0, "the newest is there");
        Assert.True(writer.Counters.Evicted > 9 * Capacity);
        Assert.Equal(Capacity, table.Accounted());
    }

    [Fact]
    public void FlowThatIsAnsweredDuringAFloodStays()
    {
        var table = Flows.Table<TAddress>(Capacity);
        var writer = table.Writer(0);
        var victim = Flows.Tuple<TAddress>(0);
        for (int i = 0; i < 10 * Capacity; i++)
        {
            if (i % Batch == 0) writer.Loop(0);
            writer.Insert(Flows.Tuple<TAddress>(1_000_000 + i), 0, out _, out _);
            if (i == 5 * Capacity) Assert.True(writer.Insert(in victim, 0, out _, out _) >= 0);
            if (i == 5 * Capacity + Capacity / 2) // its handshake takes as long as half a table of the flood
            {
                int entry = table.Find(victim);
                TcpTracker.Advance(ref table[entry], FlowDirection.Reply, TcpTracker.Syn | TcpTracker.Ack);
                TcpTracker.Advance(ref table[entry], FlowDirection.Original, TcpTracker.Ack);
            }
        }
        Assert.True(table.Find(victim) >= 0);
    }

    [Fact]
    public void OldestUnrepliedGoesFirstThenTheOldestFinished()
    {
        var table = Flows.Table<TAddress>(64);
        var writer = table.Writer(0);
        for (int i = 0; i < 20; i++) writer.Insert(Flows.Tuple<TAddress>(i), 1, out _, out _, FlowState.TimeWait);
        for (int i = 20; i < 40; i++) writer.Insert(Flows.Tuple<TAddress>(i, Flows.Udp), 2, out _, out _);
        for (int i = 40; i < 60; i++) writer.Insert(Flows.Tuple<TAddress>(i), 3, out _, out _, FlowState.SynSent);
        int next = 60;
        while (table.Find(Flows.Tuple<TAddress>(39, Flows.Udp)) >= 0) Established();
        Assert.All(Enumerable.Range(0, 20), i => Assert.True(table.Find(Flows.Tuple<TAddress>(i)) >= 0));
        while (table.Find(Flows.Tuple<TAddress>(59)) >= 0) Established();
        while (table.Find(Flows.Tuple<TAddress>(19)) >= 0) Established();
        Assert.True(table.Reader.Snapshot().All(e => e.State == FlowState.Established));

        // Nothing may go any more.
        for (int i = 0; i < 20; i++) writer.Loop(4);
        while (writer.Insert(Flows.Tuple<TAddress>(next), 4, out _, out _, FlowState.Established) >= 0) next++;
        Assert.Equal(64, table.Reader.Count);
        Assert.Equal(0UL, writer.Counters.Exists);
        Assert.NotEqual(0UL, writer.Counters.Full);

        void Established()
        {
            for (int i = 0; i < 3; i++) writer.Loop(4);
            writer.Insert(Flows.Tuple<TAddress>(next++), 4, out _, out _, FlowState.Established);
        }
    }

    [Fact]
    public void StreamThatNobodyAnswersOutlivesAFloodOfSinglePackets()
    {
        var table = Flows.Table<TAddress>(Capacity);
        var writer = table.Writer(0);
        var stream = Flows.Tuple<TAddress>(0, Flows.Udp);
        int entry = writer.Insert(in stream, 0, out _, out _);
        for (int i = 0; i < 10 * Capacity; i++)
        {
            uint now = (uint)(i / (Capacity / 4));
            if (i % Batch == 0) writer.Loop(now);
            writer.Insert(Flows.Tuple<TAddress>(1_000_000 + i, Flows.Udp), now, out _, out _);
            if (i % 100 != 0) continue;
            Assert.Equal(entry, table.Find(stream));
            Assert.True(table[entry].Touch(now));
        }
    }

    [Fact]
    public void WorkerWithoutEntriesGetsThoseAnotherCanSpare()
    {
        var table = Flows.Table<TAddress>(Capacity, workers: 2);
        var flooded = table.Writer(0);
        var starved = table.Writer(1);
        for (int i = 0; i < Capacity; i++) flooded.Insert(Flows.Tuple<TAddress>(i), 0, out _, out _); // takes all there is
        Assert.Equal(0, table.Pooled);

        int inserted = 0;
        for (int i = 0; i < 1000; i++)
        {
            flooded.Loop(0);
            starved.Loop(0);
            if (starved.Insert(Flows.Tuple<TAddress>(1_000_000 + i), 0, out _, out _, FlowState.Established) >= 0) inserted++;
        }
        Assert.InRange(inserted, 950, 1000);
        Assert.Equal(Capacity, table.Accounted());
    }

    [Fact]
    public void EveryEntryCanBeUsedAgainAndAgain()
    {
        var table = Flows.Table<TAddress>(100);
        var writer = table.Writer(0);
        for (int round = 0; round < 50; round++)
        {
            for (int i = 0; i < 100; i++)
            {
                Assert.True(writer.Insert(Flows.Tuple<TAddress>(round * 100 + i), 0, out _, out InsertResult result, FlowState.Established) >= 0, $"round {round} flow {i}: {result}");
            }
            Assert.Equal(100, table.Reader.FlushAll());
            for (int i = 0; i < 10; i++) writer.Loop(0);
            Assert.Equal(100, table.Accounted());
        }
    }

    [Fact]
    public void AllocatesNothingOverAMillionOperations()
    {
        var table = Flows.Table<TAddress>(Capacity);
        var writer = table.Writer(0);
        long allocated = -1;
        for (int round = 0; round < 4 && allocated != 0; round++) // in the first ones the runtime may allocate for itself, as it compiles
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Work(1_000_000);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }
        Assert.Equal(0, allocated);

        void Work(int operations)
        {
            for (int i = 0; i < operations / 4; i++)
            {
                var tuple = Flows.Tuple<TAddress>(i, i % 3 == 0 ? Flows.Udp : Flows.Tcp);
                uint now = (uint)i / 1000;
                if (i % Batch == 0) writer.Loop(now);
                int entry = writer.Insert(in tuple, now, out _, out _, i % 5 == 0 ? FlowState.Established : null);
                int found = table.Find(tuple.Mirror(), out FlowDirection direction);
                if (found < 0) continue;
                table[found].Touch(now);
                if (tuple.Protocol == Flows.Tcp && TcpTracker.Advance(ref table[found], direction, TcpTracker.Rst) == TcpTransition.Ending) writer.Reschedule(found);
                if (i % 7 == 0) writer.Remove(entry);
            }
        }
    }
}
