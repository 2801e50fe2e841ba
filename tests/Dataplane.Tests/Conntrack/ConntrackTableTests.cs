using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Dataplane.Conntrack;
using Dataplane.Packets;
using Dataplane.Testing;
using Xunit;

namespace Dataplane.Tests.Conntrack;

public class ConntrackTableTests
{
    [Fact]
    public void EntryForIPv4IsTwoCacheLinesAndTheOriginalDirectionReadsOne()
    {
        ConntrackEntry<IPv4Address> e = default;
        Assert.Equal(128, MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref e, 1)).Length);
        Assert.Equal(64, (int)Unsafe.ByteOffset(ref Unsafe.As<FlowTuple<IPv4Address>, byte>(ref e.Original), ref Unsafe.As<FlowAction, byte>(ref e.ReplyAction)));
    }

    [Fact]
    public void FindsBothDirectionsOfAFlow()
    {
        var table = Flows.Table(100);
        var original = Flows.Tuple(1);
        int entry = table.Writer(0).Insert(in original, 0, out FlowDirection direction, out InsertResult result);

        Assert.Equal(InsertResult.Inserted, result);
        Assert.Equal(FlowDirection.Original, direction);
        Assert.Equal(entry, table.Find(original, out direction));
        Assert.Equal(FlowDirection.Original, direction);
        Assert.Equal(entry, table.Find(original.Mirror(), out direction));
        Assert.Equal(FlowDirection.Reply, direction);
        Assert.Equal(original, table[entry].Original);
        Assert.Equal(-1, table.Find(Flows.Tuple(2)));
    }

    [Fact]
    public void FindsTheReplyOfATranslatedFlowAndNotItsMirror()
    {
        var table = Flows.Table(100);
        var original = Flows.Tuple(1);
        FlowTuple<IPv4Address> reply = new(new IPv4Address(10, 9, 9, 9), original.Source, Be16.FromHost(8080), original.SourcePort, Flows.Tcp);
        int entry = table.Writer(0).Insert(in original, in reply, 0, out _, out _);

        Assert.Equal(entry, table.Find(reply, out FlowDirection direction));
        Assert.Equal(FlowDirection.Reply, direction);
        Assert.Equal(-1, table.Find(original.Mirror()));
    }

    [Fact]
    public void SecondInsertionReturnsTheFirstEntryFromEitherDirection()
    {
        var table = Flows.Table(100, workers: 2);
        var original = Flows.Tuple(1);
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
        var table = Flows.Table(100);
        var reply = Flows.Tuple(7).Mirror();
        int first = table.Writer(0).Insert(Flows.Tuple(1), in reply, 0, out _, out _);
        int second = table.Writer(0).Insert(Flows.Tuple(2), in reply, 0, out _, out InsertResult result);

        Assert.Equal(InsertResult.ReplyCollision, result);
        Assert.Equal(-1, second);
        Assert.Equal(-1, table.Find(Flows.Tuple(2)));
        Assert.Equal(first, table.Find(reply));
        Assert.Equal(1UL, table.Writer(0).Counters.ReplyCollisions);
    }

    [Fact]
    public void HoldsAFlowThatIsItsOwnMirror()
    {
        var table = Flows.Table(100);
        IPv4Address self = new(10, 0, 0, 1);
        FlowTuple<IPv4Address> tuple = new(self, self, Be16.FromHost(7), Be16.FromHost(7), Flows.Udp);
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
        var table = Flows.Table(100, workers: 2);
        var owner = table.Writer(0);
        int entry = owner.Insert(Flows.Tuple(1), 0, out _, out _);
        table.Writer(1).Quiescent();
        Assert.True(table.Writer(1).Remove(entry));
        Assert.False(owner.Remove(entry));
        Assert.Equal(-1, table.Find(Flows.Tuple(1)));
        Assert.Equal(-1, table.Find(Flows.Tuple(1).Mirror()));

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
        var table = Flows.Table(100, workers: 2);
        int entry = table.Writer(0).Insert(Flows.Tuple(1), 0, out _, out _);
        table.Writer(1).Offline();
        table.Writer(0).Remove(entry);
        for (int i = 0; i < 3; i++) table.Writer(0).Loop(0);
        Assert.Equal(EntryLife.Free, table[entry].Life);
    }

    [Fact]
    public void HoldsAsManyFlowsAsItsCapacityAndFindsThemAll()
    {
        const int capacity = 65536;
        var table = Flows.Table(capacity);
        for (int i = 0; i < capacity; i++)
        {
            Assert.True(table.Writer(0).Insert(Flows.Tuple(i), 0, out _, out InsertResult result, FlowState.Established) >= 0, $"flow {i}: {result}");
        }
        for (int i = 0; i < capacity; i++)
        {
            int entry = table.Find(Flows.Tuple(i));
            Assert.Equal(Flows.Tuple(i), table[entry].Original);
            Assert.Equal(entry, table.Find(Flows.Tuple(i).Mirror()));
        }
        Assert.Equal(-1, table.Writer(0).Insert(Flows.Tuple(capacity), 0, out _, out InsertResult full));
        Assert.Equal(InsertResult.Full, full);
        Assert.Equal(-1, table.Find(Flows.Tuple(capacity)));
    }

    [Fact]
    public void FlowsWithOneHashAreToldApartUntilBothBucketsAreFull()
    {
        var table = Flows.Table(1000);
        const ulong hash = 42; // tag zero, too, which an empty slot has
        int inserted = 0;
        for (int i = 0; i < 20; i++)
        {
            var e = Flows.Entry(Flows.Tuple(i), Flows.Tuple(i).Mirror());
            int entry = table.Writer(0).TryInsert(in e, hash, Flows.Hash(Flows.Tuple(i).Mirror()), 0, out _, out InsertResult result);
            Assert.Equal(i < 16 ? InsertResult.Inserted : InsertResult.Full, result);
            if (entry >= 0) inserted++;
        }
        Assert.Equal(16, inserted);
        for (int i = 0; i < 20; i++)
        {
            var tuple = Flows.Tuple(i);
            int entry = table.Find(in tuple, hash, out _);
            Assert.Equal(i < 16, entry >= 0);
            if (entry >= 0) Assert.Equal(tuple, table[entry].Original);
        }
    }

    [Fact]
    public void PrefetchChangesNothing()
    {
        var table = Flows.Table(100);
        table.Writer(0).Insert(Flows.Tuple(1), 0, out _, out _);
        ulong[] hashes = [Flows.Hash(Flows.Tuple(1)), Flows.Hash(Flows.Tuple(2)), 0];
        table.Prefetch(hashes);
        Assert.True(table.Find(Flows.Tuple(1)) >= 0);
    }

    [Fact]
    public void RefusesMemoryThatIsTooSmall()
    {
        var error = Assert.Throws<ArgumentException>(() => new ConntrackTable<IPv4Address>(new byte[1000], 100, 1, 0, new()));
        Assert.Contains("needs", error.Message);
    }

    [Fact]
    public void ForgetsTheFlowsOfFormerMemory()
    {
        Memory<byte> memory = AlignedMemory.Allocate(ConntrackTable<IPv4Address>.RequiredBytes(100, 1));
        var former = new ConntrackTable<IPv4Address>(memory, 100, 1, Flows.Seed, new());
        former.Writer(0).Insert(Flows.Tuple(1), 0, out _, out _);
        var table = new ConntrackTable<IPv4Address>(memory, 100, 1, Flows.Seed, new());
        Assert.Equal(-1, table.Find(Flows.Tuple(1)));
        Assert.Equal(InsertResult.Inserted, Result(table.Writer(0)));

        static InsertResult Result(ConntrackWriter<IPv4Address> writer)
        {
            writer.Insert(Flows.Tuple(1), 0, out _, out InsertResult result);
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
        var table = Flows.Table(100, workers: 2);
        table.Writer(0).Insert(Flows.Tuple(1), 100, out _, out _, FlowState.TimeWait);
        table.Writer(1).Insert(Flows.Tuple(2), 100, out _, out _);
        ConntrackEntry<IPv4Address> e = table.Reader.Snapshot().First(e => e.State == FlowState.TimeWait);
        Assert.Equal(60U, table.SecondsLeft(in e, 100));
        Assert.Equal(60U, table.SecondsLeft(in e, 99)); // another worker's clock
        Assert.Equal(1U, table.SecondsLeft(in e, 159));
        Assert.Equal(0U, table.SecondsLeft(in e, 500));
        Assert.Equal(2UL, table.Reader.Totals().Inserted);
    }

    [Fact]
    public void ReaderListsAndFlushesFlows()
    {
        var table = Flows.Table(5000);
        for (int i = 0; i < 3000; i++) table.Writer(0).Insert(Flows.Tuple(i * 50000), 0, out _, out _);
        Assert.Equal(3000, table.Reader.Snapshot().Count());
        Assert.Equal(3000, table.Reader.Count);

        Assert.Equal(1, table.Reader.FlushAddress(Flows.Tuple(50000).Source));
        Assert.Equal(-1, table.Find(Flows.Tuple(50000)));
        Assert.Equal(2999, table.Reader.Snapshot().Count());
        Assert.Equal(2999, table.Reader.FlushAll());
        Assert.Empty(table.Reader.Snapshot());
        for (int i = 0; i < 100; i++) table.Writer(0).Loop(0);
        Assert.Equal(0, table.Reader.Count);
        Assert.Equal(5000, table.Accounted());
    }
}
