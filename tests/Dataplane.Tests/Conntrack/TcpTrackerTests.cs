using Dataplane.Conntrack;
using Dataplane.Packets;
using Xunit;
using static Dataplane.Conntrack.FlowDirection;
using static Dataplane.Conntrack.FlowState;
using static Dataplane.Conntrack.TcpTransition;
using static Dataplane.Conntrack.TcpTracker;

namespace Dataplane.Tests.Conntrack;

public class TcpTrackerTests
{
    [Theory]
    // state, direction, flags -> state, transition
    [InlineData(SynSent, Original, Syn, SynSent, None)] // retransmission
    [InlineData(SynSent, Reply, Syn | Ack, SynReceived, None)]
    [InlineData(SynSent, Reply, Syn, SynReceived, None)] // simultaneous open
    [InlineData(SynSent, Original, Ack, SynSent, None)] // an ACK nobody asked for
    [InlineData(SynSent, Reply, Ack, SynSent, None)] // challenge ACK of an old connection
    [InlineData(SynSent, Original, Fin | Ack, SynSent, None)]
    [InlineData(SynSent, Original, Rst, Closed, Ending)]
    [InlineData(SynSent, Reply, Rst | Ack, Closed, Ending)] // refused
    [InlineData(SynReceived, Original, Ack, Established, None)]
    [InlineData(SynReceived, Reply, Ack, Established, None)] // after a simultaneous open
    [InlineData(SynReceived, Reply, Syn | Ack, SynReceived, None)]
    [InlineData(SynReceived, Original, Syn, SynReceived, None)]
    [InlineData(SynReceived, Original, Rst, Closed, Ending)]
    [InlineData(SynReceived, Original, Fin | Ack, FinWait, Ending)]
    [InlineData(Established, Original, Ack, Established, None)]
    [InlineData(Established, Reply, Ack, Established, None)]
    [InlineData(Established, Original, Syn, Established, None)] // answered by a challenge ACK
    [InlineData(Established, Original, Fin | Ack, FinWait, Ending)]
    [InlineData(Established, Reply, Fin | Ack, FinWait, Ending)]
    [InlineData(Established, Original, Rst | Ack, Closed, Ending)]
    [InlineData(Established, Reply, Rst, Closed, Ending)]
    [InlineData(FinWait, Original, Ack, FinWait, None)]
    [InlineData(FinWait, Reply, Rst, Closed, Ending)]
    [InlineData(TimeWait, Original, Ack, TimeWait, None)]
    [InlineData(TimeWait, Original, Syn, TimeWait, Reopen)]
    [InlineData(TimeWait, Reply, Syn, TimeWait, Reopen)] // the other end opens anew: another policy question
    [InlineData(TimeWait, Original, Syn | Ack, TimeWait, None)]
    [InlineData(TimeWait, Original, Rst, Closed, Ending)]
    [InlineData(Closed, Original, Syn, Closed, Reopen)]
    [InlineData(Closed, Original, Rst, Closed, None)]
    [InlineData(Closed, Reply, Ack, Closed, None)] // perhaps the RST was forged: goes on to pass
    [InlineData(Closed, Original, Syn | Rst, Closed, None)]
    public void SegmentMovesTheState(FlowState state, FlowDirection direction, int flags, FlowState expected, TcpTransition transition)
    {
        ConntrackEntry<IPv4Address> e = default;
        e.State = state;
        Assert.Equal(transition, Advance(ref e, direction, (byte)flags));
        Assert.Equal(expected, e.State);
    }

    [Theory]
    [InlineData(Original, Reply)]
    [InlineData(Reply, Original)]
    public void FinsOfBothSidesMakeTimeWait(FlowDirection first, FlowDirection second)
    {
        ConntrackEntry<IPv4Address> e = default;
        e.State = Established;
        Assert.Equal(Ending, Advance(ref e, first, Fin | Ack));
        Assert.Equal(None, Advance(ref e, first, Fin | Ack)); // retransmission
        Assert.Equal(FinWait, e.State);
        Assert.Equal(Ending, Advance(ref e, second, Fin | Ack));
        Assert.Equal(TimeWait, e.State);
        Assert.Equal(FlowFlags.FinOriginal | FlowFlags.FinReply, e.Flags & (FlowFlags.FinOriginal | FlowFlags.FinReply));
    }

    [Fact]
    public void WholeConnectionEndsInTimeWait()
    {
        ConntrackEntry<IPv4Address> e = default;
        e.State = SynSent;
        Advance(ref e, Reply, Syn | Ack);
        Assert.Equal(FlowFlags.Replied, e.Flags);
        Advance(ref e, Original, Ack);
        Assert.Equal(Established, e.State);
        Advance(ref e, Original, Fin | Ack);
        Advance(ref e, Reply, Ack);
        Advance(ref e, Reply, Fin | Ack);
        Advance(ref e, Original, Ack);
        Assert.Equal(TimeWait, e.State);
    }

    [Theory]
    [InlineData(Syn, true)]
    [InlineData(Syn | 0xc0, true)] // with ECE and CWR
    [InlineData(Syn | Ack, false)]
    [InlineData(Ack, false)]
    [InlineData(Rst, false)]
    [InlineData(Syn | Rst, false)]
    [InlineData(Syn | Fin, false)]
    [InlineData(0, false)]
    public void OnlyAPlainSynMayOpenAFlow(int flags, bool may) => Assert.Equal(may, MayOpen((byte)flags));

    [Fact]
    public void AnswerMakesAnotherProtocolsFlowReplied()
    {
        ConntrackEntry<IPv4Address> e = default;
        e.State = New;
        ReplyTracker.Advance(ref e, Original);
        Assert.Equal(New, e.State);
        ReplyTracker.Advance(ref e, Reply);
        Assert.Equal(Replied, e.State);
        Assert.Equal(FlowFlags.Replied, e.Flags);
    }

    [Fact]
    public void FinsSeenByTwoWorkersAtOnceAreNotLost()
    {
        var entries = new ConntrackEntry<IPv4Address>[2000];
        for (int i = 0; i < entries.Length; i++) entries[i].State = Established;
        using var barrier = new Barrier(2);
        Thread other = new(() => Finish(Reply));
        other.Start();
        Finish(Original);
        other.Join();
        Assert.All(entries, e => Assert.Equal(TimeWait, e.State));

        void Finish(FlowDirection direction)
        {
            Assert.True(barrier.SignalAndWait(30_000));
            for (int i = 0; i < entries.Length; i++) Advance(ref entries[i], direction, Fin | Ack);
        }
    }
}
