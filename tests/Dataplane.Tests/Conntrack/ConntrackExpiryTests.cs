using Dataplane.Conntrack;
using Dataplane.Packets;
using Xunit;

namespace Dataplane.Tests.Conntrack;

/// <summary>When flows expire, to the second, and what saves them.</summary>
public abstract class ConntrackExpiryTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private const uint Start = 1000;

    [Theory]
    [InlineData(Flows.Tcp, FlowState.SynSent, 20)]
    [InlineData(Flows.Tcp, FlowState.SynReceived, 20)]
    [InlineData(Flows.Tcp, FlowState.Established, 86400)]
    [InlineData(Flows.Tcp, FlowState.FinWait, 3600)]
    [InlineData(Flows.Tcp, FlowState.TimeWait, 60)]
    [InlineData(Flows.Tcp, FlowState.Closed, 40)]
    [InlineData(Flows.Udp, FlowState.New, 30)]
    [InlineData(Flows.Udp, FlowState.Replied, 120)]
    [InlineData(Flows.Icmp, FlowState.New, 10)]
    [InlineData(Flows.Icmp, FlowState.Replied, 10)]
    [InlineData(132, FlowState.New, 600)]
    [InlineData(132, FlowState.Replied, 600)]
    public void IdleFlowExpiresWhenItsTimeoutEnds(byte protocol, FlowState state, uint seconds)
    {
        protocol = OfFamily(protocol);
        var table = Flows.Table<TAddress>(10);
        var writer = table.Writer(0);
        writer.Insert(Flows.Tuple<TAddress>(1, protocol), Start, out _, out _, state);
        for (uint t = 0; t < seconds; t++) writer.Loop(Start + t);
        Assert.True(table.Find(Flows.Tuple<TAddress>(1, protocol)) >= 0, "expired too early");
        writer.Loop(Start + seconds);
        Assert.Equal(-1, table.Find(Flows.Tuple<TAddress>(1, protocol)));
        Assert.Equal(1UL, writer.Counters.Expired);
        writer.Loop(Start + seconds);
        Assert.Equal(10, table.Accounted());
    }

    [Theory]
    [InlineData(FlowState.Established, 86400)]
    [InlineData(FlowState.FinWait, 3600)]
    public void WheelExpiresToTheSecondAfterTheLastPacket(FlowState state, uint timeout)
    {
        var table = Flows.Table<TAddress>(10);
        var writer = table.Writer(0);
        int entry = writer.Insert(Flows.Tuple<TAddress>(1), Start, out _, out _, state);
        uint last = Start;
        for (uint now = Start; now < Start + 2 * timeout + 7000; now++)
        {
            if (now % 1000 == 0 && now < Start + timeout + 5000) // packets go on for longer than the timeout
            {
                Assert.True(table[entry].Touch(now));
                last = now;
            }
            writer.Loop(now);
            if (table.Find(Flows.Tuple<TAddress>(1)) >= 0) continue;
            Assert.Equal(last + timeout, now);
            return;
        }
        Assert.Fail("never expired");
    }

    [Fact]
    public void UnrepliedFlowWithPacketsLivesAtMostTwiceItsTimeoutAfterTheLast()
    {
        var table = Flows.Table<TAddress>(10);
        var writer = table.Writer(0);
        int entry = writer.Insert(Flows.Tuple<TAddress>(1, Flows.Udp), Start, out _, out _);
        for (uint now = Start; now <= Start + 100; now++)
        {
            table[entry].Touch(now);
            writer.Loop(now);
        }
        for (uint now = Start + 100; now < Start + 130; now++) writer.Loop(now);
        Assert.True(table.Find(Flows.Tuple<TAddress>(1, Flows.Udp)) >= 0);
        for (uint now = Start + 130; now <= Start + 160; now++) writer.Loop(now);
        Assert.Equal(-1, table.Find(Flows.Tuple<TAddress>(1, Flows.Udp)));
    }

    [Fact]
    public void ClockMayWrap()
    {
        const uint start = uint.MaxValue - 50;
        var table = Flows.Table<TAddress>(10);
        var writer = table.Writer(0);
        writer.Insert(Flows.Tuple<TAddress>(1), start, out _, out _, FlowState.Established);
        writer.Insert(Flows.Tuple<TAddress>(2), start, out _, out _, FlowState.FinWait);
        writer.Insert(Flows.Tuple<TAddress>(3, Flows.Udp), start, out _, out _);
        writer.Insert(Flows.Tuple<TAddress>(4, Flows.Udp), start, out _, out _, FlowState.Replied);
        Check(29, true, true, true, true);
        Check(30, true, true, false, true);
        Check(119, true, true, false, true);
        Check(120, true, true, false, false);
        Check(3599, true, true, false, false);
        Check(3600, true, false, false, false);
        Check(86399, true, false, false, false);
        Check(86400, false, false, false, false);

        void Check(uint after, params bool[] alive)
        {
            for (int i = 0; i < 2000; i++) writer.Loop(start + after);
            Assert.Equal(alive[0], table.Find(Flows.Tuple<TAddress>(1)) >= 0);
            Assert.Equal(alive[1], table.Find(Flows.Tuple<TAddress>(2)) >= 0);
            Assert.Equal(alive[2], table.Find(Flows.Tuple<TAddress>(3, Flows.Udp)) >= 0);
            Assert.Equal(alive[3], table.Find(Flows.Tuple<TAddress>(4, Flows.Udp)) >= 0);
        }
    }

    [Fact]
    public void EndedFlowDoesNotWaitForItsFormerTimeout()
    {
        var table = Flows.Table<TAddress>(10, workers: 2);
        var owner = table.Writer(0);
        int entry = owner.Insert(Flows.Tuple<TAddress>(1), Start, out _, out _, FlowState.Established);
        table.Writer(1).Offline();
        Assert.Equal(TcpTransition.Ending, TcpTracker.Advance(ref table[entry], FlowDirection.Reply, TcpTracker.Rst));
        table.Writer(1).Reschedule(entry); // seen by a worker that does not own it
        table.Writer(1).Reschedule(entry);
        owner.Loop(Start);
        owner.Loop(Start + 39);
        Assert.True(table.Find(Flows.Tuple<TAddress>(1)) >= 0);
        owner.Loop(Start + 40);
        Assert.Equal(-1, table.Find(Flows.Tuple<TAddress>(1)));
    }

    [Fact]
    public void WorkPerCallIsBounded()
    {
        var table = Flows.Table<TAddress>(4000); // roomy, or the call would also evict
        var writer = table.Writer(0);
        for (int i = 0; i < 1000; i++) writer.Insert(Flows.Tuple<TAddress>(i), Start, out _, out _, i % 2 == 0 ? FlowState.SynSent : FlowState.Established);
        writer.Loop(Start);
        for (int call = 1; call <= 4; call++)
        {
            writer.Loop(Start + 100_000, budget: 10);
            Assert.InRange(table.Reader.Count, 1000 - 10 * call, 1000 - 1);
        }
        for (int i = 0; i < 20000 && table.Reader.Count > 0; i++) writer.Loop(Start + 100_000, budget: 10);
        Assert.Equal(0, table.Reader.Count);
    }

    [Fact]
    public void PacketBetweenMarkAndRemovalSavesTheFlow()
    {
        var table = Flows.Table<TAddress>(10);
        int entry = table.Writer(0).Insert(Flows.Tuple<TAddress>(1), Start, out _, out _, FlowState.Established);
        table[entry].Life = EntryLife.Expiring; // as the owner leaves it for an instant
        Assert.Equal(entry, table.Find(Flows.Tuple<TAddress>(1)));
        Assert.True(table[entry].Touch(Start + 1));
        Assert.Equal(EntryLife.Live, table[entry].Life);
    }

    [Fact]
    public void PacketAfterRemovalIsToldSo()
    {
        var table = Flows.Table<TAddress>(10);
        int entry = table.Writer(0).Insert(Flows.Tuple<TAddress>(1), Start, out _, out _, FlowState.Established);
        table.Writer(0).Remove(entry);
        Assert.False(table[entry].Touch(Start + 1));
    }

    [Fact]
    public void RefusesTimeoutsOutOfRange()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Flows.Table<TAddress>(10, timeouts: new() { Udp = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Flows.Table<TAddress>(10, timeouts: new() { TcpEstablished = 1_000_000 }));
    }
}
