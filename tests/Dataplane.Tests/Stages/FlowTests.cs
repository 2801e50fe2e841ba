using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>How flows open, are followed, judged anew after a change (P26), and end.</summary>
public abstract class FlowTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private readonly PathHarnessOf<TAddress> _path = new();

    [Fact]
    public void CountsPacketsAndBytesOfBothDirections()
    {
        int flow = _path.FromPodA(Forth(TcpHeader.Syn)).Info.Flow;
        _path.FromPodB(Back(TcpHeader.Syn | TcpHeader.Ack));
        _path.FromPodA(Forth(TcpHeader.Ack).Payload(100));
        ref var entry = ref _path.Conntrack[flow];
        Assert.Equal((2u, Either(180ul, 220ul), 1u, Either(40ul, 60ul)), (entry.OriginalPackets, entry.OriginalBytes, entry.ReplyPackets, entry.ReplyBytes));
        Assert.Equal((FlowState.Established, SampleNode.PodAIdentity, SampleNode.PodBIdentity), (entry.State, entry.SourceIdentity, entry.DestinationIdentity));
    }

    [Theory]
    [InlineData(TcpHeader.Ack)]
    [InlineData(TcpHeader.Syn | TcpHeader.Ack)]
    [InlineData(TcpHeader.Rst)]
    [InlineData(TcpHeader.Fin | TcpHeader.Ack)]
    [InlineData(0)]
    public void P20_OnlyASynOpensATcpConnection(int flags)
    {
        PathAssert.Dropped(DropReason.ConntrackNoFlow, _path.FromPodA(Forth(flags)));
        PathAssert.Dropped(DropReason.ConntrackNoFlow, _path.FromHost(Ip(Gateway, PodB).Tcp(1, 2, flags)));
        PathAssert.Dropped(DropReason.ConntrackNoFlow, _path.FromOverlay(Ip(RemotePod, PodB).Tcp(1, 2, flags)));
    }

    [Fact]
    public void ASynMayOpenAnEndedConnectionAnew()
    {
        int flow = _path.FromPodA(Forth(TcpHeader.Syn)).Info.Flow;
        _path.FromPodB(Back(TcpHeader.Rst | TcpHeader.Ack));
        var result = _path.FromPodA(Forth(TcpHeader.Syn));
        PathAssert.Forwarded(PodBPort, result);
        Assert.NotEqual(flow, result.Info.Flow);
        Assert.Equal(FlowState.SynSent, _path.Conntrack[result.Info.Flow].State);
    }

    [Fact]
    public void NotesWhoOpenedAFlow()
    {
        Assert.NotEqual(PacketFlags.None, _path.FromPodA(Forth(TcpHeader.Syn)).Info.Flags & PacketFlags.OpensFlow);
        Assert.Equal(PacketFlags.None, _path.FromPodA(Forth(TcpHeader.Ack)).Info.Flags & PacketFlags.OpensFlow);
    }

    [Fact]
    public void P26_JudgesFlowsAnewWhenThePolicyChanges()
    {
        _path.FromPodA(Forth(TcpHeader.Syn));
        _path.Tables = WithPodBGuarded(2).Build();
        PathAssert.Dropped(DropReason.PolicyDenied, TrafficDirection.Ingress, _path.FromPodA(Forth(TcpHeader.Ack)));
        PathAssert.Dropped(DropReason.PolicyDenied, TrafficDirection.Ingress, _path.FromPodB(Back(TcpHeader.Ack)));
        _path.Tables = new SampleNodeOf<TAddress> { Revision = 3 }.Build();
        PathAssert.Forwarded(PodBPort, _path.FromPodA(Forth(TcpHeader.Ack)));
    }

    [Fact]
    public void P26_KeepsFlowsThatAreStillAllowed()
    {
        int flow = _path.FromPodA(Forth(TcpHeader.Syn)).Info.Flow;
        _path.Tables = new SampleNodeOf<TAddress> { Revision = 2 }.Build();
        PathAssert.Forwarded(PodAPort, _path.FromPodB(Back(TcpHeader.Syn | TcpHeader.Ack)));
        ref var entry = ref _path.Conntrack[flow];
        Assert.Equal((2u, 2u), (entry.OriginalAction.Revision, entry.ReplyAction.Revision));
    }

    [Fact]
    public void FollowsAPodThatHasMovedToAnotherPort()
    {
        _path.FromPodA(Forth(TcpHeader.Syn));
        var node = new SampleNodeOf<TAddress> { Revision = 2 };
        node.Endpoints[1] = SampleNodeOf<TAddress>.Pod(PodB, 7, SampleNode.PodBIdentity, SampleNode.OpenPolicy);
        _path.Tables = node.Build();
        PathAssert.Forwarded(7, _path.FromPodA(Forth(TcpHeader.Ack)));
    }

    [Fact]
    public void ForgetsDatagramFlowsWhoseDestinationIsGone()
    {
        _path.FromPodA(Ip(PodA, PodB).Udp(40_000, 53));
        _path.Tables = WithoutPodB(2).Build();
        PathAssert.Dropped(DropReason.RouteUnreachable, _path.FromPodA(Ip(PodA, PodB).Udp(40_000, 53)));
        _path.Begin();
        Assert.Equal(0, _path.Context.Flows.Counters.InUse);
    }

    /// <summary>A new process has its predecessor's flows before it knows of anything: nothing is decided by that.</summary>
    [Fact]
    public void F2_KeepsFlowsOfAnEarlierProcessUntilThereIsAState()
    {
        int flow = _path.FromPodA(Ip(PodA, PodB).Udp(40_000, 53)).Info.Flow;
        ref var entry = ref _path.Conntrack[flow];
        entry.OriginalAction = entry.ReplyAction = new FlowAction { Revision = FlowAction.Undecided };
        var nothing = new SampleNodeOf<TAddress> { Generation = 0, Revision = 1 };
        nothing.Endpoints.RemoveAll(e => e.Address.Equals(PodB));
        _path.Tables = nothing.Build();
        PathAssert.Dropped(DropReason.RouteUnreachable, _path.FromPodA(Ip(PodA, PodB).Udp(40_000, 53)));

        _path.Tables = new SampleNodeOf<TAddress> { Revision = 2 }.Build();

        var result = _path.FromPodB(Ip(PodB, PodA).Udp(53, 40_000));
        PathAssert.Forwarded(PodAPort, result);
        Assert.Equal(flow, result.Info.Flow);
        Assert.Equal((2u, 2u), (_path.Conntrack[flow].OriginalAction.Revision, _path.Conntrack[flow].ReplyAction.Revision));
    }

    /// <summary>Its ends are to be told, and who does that looks for it here (K25).</summary>
    [Fact]
    public void KeepsAConnectionWhoseDestinationIsGone()
    {
        int flow = _path.FromPodA(Forth(TcpHeader.Syn)).Info.Flow;
        _path.Tables = WithoutPodB(2).Build();
        PathAssert.Dropped(DropReason.RouteUnreachable, _path.FromPodA(Forth(TcpHeader.Ack)));
        _path.Tables = new SampleNodeOf<TAddress> { Revision = 3 }.Build();
        var result = _path.FromPodA(Forth(TcpHeader.Ack));
        PathAssert.Forwarded(PodBPort, result);
        Assert.Equal(flow, result.Info.Flow);
    }

    [Fact]
    public void ASynWhoseDestinationIsGoneIsANewConnection()
    {
        _path.FromPodA(Forth(TcpHeader.Syn));
        _path.Tables = WithoutPodB(2).Build();
        PathAssert.Dropped(DropReason.RouteUnreachable, _path.FromPodA(Forth(TcpHeader.Syn)));
        _path.Begin();
        Assert.Equal(0, _path.Context.Flows.Counters.InUse);
    }

    [Fact]
    public void P26_KeepsTheTranslationOfAJudgedFlow()
    {
        var syn = Ip(PodA, SelfService).Tcp(40_000, 80, TcpHeader.Syn);
        var before = _path.FromPodA(syn);
        _path.Tables = new SampleNodeOf<TAddress> { Revision = 2 }.Build();
        var after = _path.FromPodA(Ip(PodA, SelfService).Tcp(40_000, 80));
        PathAssert.Forwarded(PodAPort, after);
        Assert.Equal(before.Info.Translated, after.Info.Translated);
    }

    [Fact]
    public void ForgetsIdleFlows()
    {
        _path.FromPodA(Ip(PodA, ManyService).Tcp(40_000, 80, TcpHeader.Syn));
        for (int i = 0; i < 40; i++)
        {
            _path.Now++;
            _path.Begin();
        }
        Assert.Equal(0, _path.Context.Flows.Counters.InUse);
        PathAssert.Dropped(DropReason.ConntrackNoFlow, _path.FromPodB(Ip(PodB, PodA).Tcp(8080, 40_000)));
    }

    [Fact]
    public void RefusesNewFlowsWhenTheTableIsFullOfGoodOnes()
    {
        var path = new PathHarnessOf<TAddress>(flows: 16);
        for (int port = 1000; port < 1016; port++)
        {
            // In one batch: between two, room is made of what nobody has answered yet.
            path.Run(Ip(PodA, PodB).Udp(port, 53).Build(), PacketOrigin.Pod, PodAPort);
            path.Run(Ip(PodB, PodA).Udp(53, port).Build(), PacketOrigin.Pod, PodBPort);
            path.Begin();
        }
        PathAssert.Dropped(DropReason.ConntrackFull, path.FromPodA(Ip(PodA, PodB).Udp(2000, 53)));
        PathAssert.Forwarded(PodBPort, path.FromPodA(Ip(PodA, PodB).Udp(1000, 53)));
    }

    private static SampleNodeOf<TAddress> WithoutPodB(uint revision)
    {
        var node = new SampleNodeOf<TAddress> { Revision = revision };
        node.Endpoints.RemoveAll(e => e.Address.Equals(PodB));
        return node;
    }

    private static SampleNodeOf<TAddress> WithPodBGuarded(uint revision)
    {
        var node = new SampleNodeOf<TAddress> { Revision = revision };
        node.Endpoints[1] = SampleNodeOf<TAddress>.Pod(PodB, PodBPort, SampleNode.PodBIdentity, SampleNode.GuardPolicy);
        return node;
    }

    private static PacketBuilder Forth(int flags) => Ip(PodA, PodB).Tcp(40_000, 9000, flags);

    private static PacketBuilder Back(int flags) => Ip(PodB, PodA).Tcp(9000, 40_000, flags);
}
