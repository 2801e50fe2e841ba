using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Stages;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>K25: the segment that makes the end of an orphaned connection say where it is, by whatever way it is reached.</summary>
public abstract class TcpProbeTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private readonly PathHarnessOf<TAddress> _path = new SampleServicesOf<TAddress>().Path();

    [Fact]
    public void K25_AsksAPodAsTheService()
    {
        var (verdict, frame) = Probe(WebService, PodA);
        Assert.Equal((VerdictKind.Forward, PodAPort), (verdict.Kind, verdict.Port));
        var packet = new DecodedPacket(frame);
        byte[] expected = Ip(WebService, PodA).Identification(packet.Identification).Ethernet(MacOf(PodA), SampleNode.GatewayMac)
            .Tcp(80, 40_000, TcpHeader.Ack, packet.Sequence, packet.Acknowledgment, window: 0).Build();
        PacketAssert.Equal(expected, frame);
    }

    [Fact]
    public void K25_GuessesAnew()
    {
        var guesses = new HashSet<uint>();
        for (int i = 0; i < 50; i++)
        {
            var packet = new DecodedPacket(Probe(WebService, PodA).Frame);
            guesses.UnionWith([packet.Sequence, packet.Acknowledgment]);
        }
        Assert.Equal(100, guesses.Count);
    }

    [Fact]
    public void K25_AsksThroughTheTunnelOrBesideIt()
    {
        var (verdict, frame) = Probe(WebService, RemotePod);
        var inner = new DecodedPacket(frame).Inner!;
        Assert.Equal((UplinkPort, WebService, RemotePod, ChecksumKind.Complete), (verdict.Port, Source(inner), Destination(inner), inner.Checksum));

        (verdict, frame) = Probe(NodeAddress, RemoteNode, onUnderlay: true);
        var packet = new DecodedPacket(frame);
        Assert.Null(packet.Inner);
        Assert.Equal((UplinkPort, NodeAddress, RemoteNode, SampleNode.NextHopMac, ChecksumKind.Complete), (verdict.Port, Source(packet), Destination(packet), packet.DestinationMac, packet.Checksum));
    }

    [Fact]
    public void K25_AsksNobodyWhoCannotBeReached()
    {
        Assert.True(Probe(WebService, NoPod).Verdict.IsDrop(DropReason.RouteUnreachable));
        Assert.True(Probe(WebService, LostPod).Verdict.IsDrop(DropReason.NeighborUnresolved));
    }

    private (Verdict Verdict, byte[] Frame) Probe(TAddress from, TAddress to, bool onUnderlay = false)
    {
        _path.Begin();
        var info = new PacketInfo<TAddress> { Start = PathHarness.Headroom };
        var packet = new Packet<TAddress>(_path.Chunk, ref info);
        var verdict = TcpProbe.Run(ref packet, _path.Context, new FlowProbe<TAddress>(new(from, to, Be16.FromHost(80), Be16.FromHost(40_000), IpProtocol.Tcp), onUnderlay));
        return (verdict, _path.Chunk.Slice(info.Start, info.HeadLength).ToArray());
    }
}
