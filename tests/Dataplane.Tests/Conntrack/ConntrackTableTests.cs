using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Dataplane.Conntrack;
using Dataplane.Packets;
using Dataplane.Testing;
using Xunit;

namespace Dataplane.Tests.Conntrack;

/// <summary>Finding, inserting and removing flows; the layout, which the next process reads.</summary>
public abstract class ConntrackTableTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    [Fact]
    public void AnEntryHasItsSizeAndTheOriginalDirectionReadsTheFirstPartOfIt()
    {
        ConntrackEntry<TAddress> e = default;
        // IPv4: two cache lines, of which the original direction reads one.
        Assert.Equal(Either(128, 176), MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref e, 1)).Length);
        Assert.Equal(Either(64, 112), OffsetOf(ref e, ref e.ReplyAction));
        Assert.Equal(Either(128, 176), ConntrackLayout<TAddress>.EntrySize);
    }

    /// <summary>What workers change atomically must lie in one cache line wherever the entry does, and there is nothing that a collector would move.</summary>
    [Fact]
    public void AnEntryIsAlignedAndHasNoReferences()
    {
        ConntrackEntry<TAddress> e = default;
        Assert.False(RuntimeHelpers.IsReferenceOrContainsReferences<ConntrackEntry<TAddress>>());
        Assert.Equal(0, ConntrackLayout<TAddress>.EntrySize % sizeof(ulong));
        Assert.Equal(0, OffsetOf(ref e, ref e.LastSeen) % sizeof(uint));
        Assert.Equal(0, OffsetOf(ref e, ref e.OriginalAction.Revision) % sizeof(uint));
        Assert.Equal(0, OffsetOf(ref e, ref e.ReplyAction.Revision) % sizeof(uint));
        Assert.Equal(0, OffsetOf(ref e, ref e.OriginalBytes) % sizeof(ulong));
        Assert.Equal(Either(16, 40), Unsafe.SizeOf<FlowTuple<TAddress>>());
    }

    [Fact]
    public void FindsBothDirectionsOfAFlow()
    {
        var table = Flows.Table<TAddress>(100);
        var original = Flows.Tuple<TAddress>(1);
        int entry = table.Writer(0).Insert(in original, 0, out FlowDirection direction, out InsertResult result);

        Assert.Equal(InsertResult.Inserted, result);
        Assert.Equal(FlowDirection.Original, direction);
        Assert.Equal(entry, table.Find(original, out direction));
        Assert.Equal(FlowDirection.Original, direction);
        Assert.Equal(entry, table.Find(original.Mirror(), out direction));
        Assert.Equal(FlowDirection.Reply, direction);
        Assert.Equal(original, table[entry].Original);
        Assert.Equal(-1, table.Find(Flows.Tuple<TAddress>(2)));
    }

    [Fact]
    public void FindsTheReplyOfATranslatedFlowAndNotItsMirror()
    {
        var table = Flows.Table<TAddress>(100);
        var original = Flows.Tuple<TAddress>(1);
        FlowTuple<TAddress> reply = new(Address("10.9.9.9", "fd00:10:9::9"), original.Source, Be16.FromHost(8080), original.SourcePort, Flows.Tcp);
        int entry = table.Writer(0).Insert(in original, in reply, 0, out _, out _);

        Assert.Equal(entry, table.Find(reply, out FlowDirection direction));
        Assert.Equal(FlowDirection.Reply, direction);
        Assert.Equal(-1, table.Find(original.Mirror()));
    }

    [Fact]
    public void SecondInsertionReturnsTheFirstEntryFromEitherDirection()
    {
        var table = Flows.Table<TAddress>(100, workers: 2);
        var original = Flows.Tuple<TAddress>(1);
        int entry = table.Writer(0).Insert(in original, 0, out _, out _);

        Assert.Equal(entry, table.Writer(1).Insert(in original, 0, out FlowDirection direction, out InsertResult result));
        Assert.Equal(InsertResult.Exists, result);
        Assert.Equal(FlowDirection.Original, direction);
        Assert.Equal(entry, table.Writer(1).Insert(original.Mirror(), 0, out direction, out result));
        Assert.Equal(InsertResult.Exists, result);
        Assert.Equal(FlowDirection.Reply, direction);
        Assert.Equal(2UL, table.Writer(1).Counters.Exists);
        Assert.Equal(1, table.Reader.Count);
        Assert.Equal(100, table.Accounted());
    }

    [Fact]
    public void RefusesAFlowWhoseReplyTupleIsTaken()
    {
        var table = Flows.Table<TAddress>(100);
        var reply = Flows.Tuple<TAddress>(7).Mirror();
        int first = table.Writer(0).Insert(Flows.Tuple<TAddress>(1), in reply, 0, out _, out _);
        int second = table.Writer(0).Insert(Flows.Tuple<TAddress>(2), in reply, 0, out _, out InsertResult result);

        Assert.Equal(InsertResult.ReplyCollision, result);
        Assert.Equal(-1, second);
        Assert.Equal(-1, table.Find(Flows.Tuple<TAddress>(2)));
        Assert.Equal(first, table.Find(reply));
        Assert.Equal(1UL, table.Writer(0).Counters.ReplyCollisions);
    }

    [Fact]
    public void HoldsAFlowThatIsItsOwnMirror()
    {
        var table = Flows.Table<TAddress>(100);
        var self = Address("10.0.0.1", "fd00:10::1");
        FlowTuple<TAddress> tuple = new(self, self, Be16.FromHost(7), Be16.FromHost(7), Flows.Udp);
        int entry = table.Writer(0).Insert(in tuple, 0, out _, out InsertResult result);

        Assert.Equal(InsertResult.Inserted, result);
        Assert.Equal(entry, table.Find(tuple, out FlowDirection direction));
        Assert.Equal(FlowDirection.Original, direction);
        Assert.True(table.Writer(0).Remove(entry));
        Assert.Equal(-1, table.Find(tuple));
    }

    [Fact]
    public void RemovedFlowIsGoneAtOnceAndRecycledAfterEveryWorkerWasQuiescent()
    {
        var table = Flows.Table<TAddress>(100, workers: 2);
        var owner = table.Writer(0);
        int entry = owner.Insert(Flows.Tuple<TAddress>(1), 0, out _, out _);
        table.Writer(1).Quiescent();
        Assert.True(table.Writer(1).Remove(entry));
        Assert.False(owner.Remove(entry));
        Assert.Equal(-1, table.Find(Flows.Tuple<TAddress>(1)));
        Assert.Equal(-1, table.Find(Flows.Tuple<TAddress>(1).Mirror()));

        for (int i = 0; i < 5; i++) owner.Loop(0);
        Assert.Equal(EntryLife.Dead, table[entry].Life); // worker 1 may still hold it
        table.Writer(1).Quiescent();
        owner.Loop(0);
        Assert.Equal(EntryLife.Free, table[entry].Life);
        Assert.Equal(100, table.Accounted());
    }

    [Fact]
    public void SleepingWorkerIsNotWaitedFor()
    {
        var table = Flows.Table<TAddress>(100, workers: 2);
        int entry = table.Writer(0).Insert(Flows.Tuple<TAddress>(1), 0, out _, out _);
        table.Writer(1).Offline();
        table.Writer(0).Remove(entry);
        for (int i = 0; i < 3; i++) table.Writer(0).Loop(0);
        Assert.Equal(EntryLife.Free, table[entry].Life);
    }

    [Fact]
    public void HoldsAsManyFlowsAsItsCapacityAndFindsThemAll()
    {
        const int capacity = 65536;
        var table = Flows.Table<TAddress>(capacity);
        for (int i = 0; i < capacity; i++)
        {
            Assert.True(table.Writer(0).Insert(Flows.Tuple<TAddress>(i), 0, out _, out InsertResult result, FlowState.Established) >= 0, $"flow {i}: {result}");
        }
        for (int i = 0; i < capacity; i++)
        {
            int entry = table.Find(Flows.Tuple<TAddress>(i));
            Assert.Equal(Flows.Tuple<TAddress>(i), table[entry].Original);
            Assert.Equal(entry, table.Find(Flows.Tuple<TAddress>(i).Mirror()));
        }
        Assert.Equal(-1, table.Writer(0).Insert(Flows.Tuple<TAddress>(capacity), 0, out _, out InsertResult full));
        Assert.Equal(InsertResult.Full, full);
        Assert.Equal(-1, table.Find(Flows.Tuple<TAddress>(capacity)));
    }

    [Fact]
    public void FlowsWithOneHashAreToldApartUntilBothBucketsAreFull()
    {
        var table = Flows.Table<TAddress>(1000);
        const ulong hash = 42; // tag zero, too, which an empty slot has
        int inserted = 0;
        for (int i = 0; i < 20; i++)
        {
            var e = Flows.Entry(Flows.Tuple<TAddress>(i), Flows.Tuple<TAddress>(i).Mirror());
            int entry = table.Writer(0).TryInsert(in e, hash, Flows.Hash(Flows.Tuple<TAddress>(i).Mirror()), 0, out _, out InsertResult result);
            Assert.Equal(i < 16 ? InsertResult.Inserted : InsertResult.Full, result);
            if (entry >= 0) inserted++;
        }
        Assert.Equal(16, inserted);
        for (int i = 0; i < 20; i++)
        {
            var tuple = Flows.Tuple<TAddress>(i);
            int entry = table.Find(in tuple, hash, out _);
            Assert.Equal(i < 16, entry >= 0);
            if (entry >= 0) Assert.Equal(tuple, table[entry].Original);
        }
    }

    [Fact]
    public void PrefetchChangesNothing()
    {
        var table = Flows.Table<TAddress>(100);
        table.Writer(0).Insert(Flows.Tuple<TAddress>(1), 0, out _, out _);
        ulong[] hashes = [Flows.Hash(Flows.Tuple<TAddress>(1)), Flows.Hash(Flows.Tuple<TAddress>(2)), 0];
        table.Prefetch(hashes);
        Assert.True(table.Find(Flows.Tuple<TAddress>(1)) >= 0);
    }

    [Fact]
    public void RefusesMemoryThatIsTooSmall()
    {
        var error = Assert.Throws<ArgumentException>(() => new ConntrackTable<TAddress>(new byte[1000], 100, 1, 0, new()));
        Assert.Contains("needs", error.Message);
    }

    [Fact]
    public void ForgetsTheFlowsOfFormerMemory()
    {
        Memory<byte> memory = AlignedMemory.Allocate(ConntrackTable<TAddress>.RequiredBytes(100, 1));
        var former = new ConntrackTable<TAddress>(memory, 100, 1, Flows.Seed, new());
        former.Writer(0).Insert(Flows.Tuple<TAddress>(1), 0, out _, out _);
        var table = new ConntrackTable<TAddress>(memory, 100, 1, Flows.Seed, new());
        Assert.Equal(-1, table.Find(Flows.Tuple<TAddress>(1)));
        Assert.Equal(InsertResult.Inserted, Result(table.Writer(0)));

        static InsertResult Result(ConntrackWriter<TAddress> writer)
        {
            writer.Insert(Flows.Tuple<TAddress>(1), 0, out _, out InsertResult result);
            return result;
        }
    }

    [Fact]
    public void FixedLayoutsHaveTheirSizes()
    {
        Assert.Equal(ConntrackHeader.Size, Unsafe.SizeOf<ConntrackHeader>());
        Assert.Equal(EntryLink.Size, Unsafe.SizeOf<EntryLink>());
        Assert.Equal(FlowAction.Size, Unsafe.SizeOf<FlowAction>());
    }

    [Fact]
    public void ReaderTellsHowLongAFlowHas()
    {
        var table = Flows.Table<TAddress>(100, workers: 2);
        table.Writer(0).Insert(Flows.Tuple<TAddress>(1), 100, out _, out _, FlowState.TimeWait);
        table.Writer(1).Insert(Flows.Tuple<TAddress>(2), 100, out _, out _);
        ConntrackEntry<TAddress> e = table.Reader.Snapshot().First(e => e.State == FlowState.TimeWait);
        Assert.Equal(60U, table.SecondsLeft(in e, 100));
        Assert.Equal(60U, table.SecondsLeft(in e, 99)); // another worker's clock
        Assert.Equal(1U, table.SecondsLeft(in e, 159));
        Assert.Equal(0U, table.SecondsLeft(in e, 500));
        Assert.Equal(2UL, table.Reader.Totals().Inserted);
    }

    [Fact]
    public void ReaderListsAndFlushesFlows()
    {
        var table = Flows.Table<TAddress>(5000);
        for (int i = 0; i < 3000; i++) table.Writer(0).Insert(Flows.Tuple<TAddress>(i * 50000), 0, out _, out _);
        Assert.Equal(3000, table.Reader.Snapshot().Count());
        Assert.Equal(3000, table.Reader.Count);

        Assert.Equal(1, table.Reader.FlushAddress(Flows.Tuple<TAddress>(50000).Source));
        Assert.Equal(-1, table.Find(Flows.Tuple<TAddress>(50000)));
        Assert.Equal(2999, table.Reader.Snapshot().Count());
        Assert.Equal(2999, table.Reader.FlushAll());
        Assert.Empty(table.Reader.Snapshot());
        for (int i = 0; i < 100; i++) table.Writer(0).Loop(0);
        Assert.Equal(0, table.Reader.Count);
        Assert.Equal(5000, table.Accounted());
    }

    private static int OffsetOf<TField>(ref ConntrackEntry<TAddress> entry, ref TField field) =>
        (int)Unsafe.ByteOffset(ref Unsafe.As<ConntrackEntry<TAddress>, byte>(ref entry), ref Unsafe.As<TField, byte>(ref field));
}
