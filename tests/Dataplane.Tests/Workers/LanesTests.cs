using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Testing;
using Dataplane.Testing.Packets;
using Xunit;
using V6 = Dataplane.Testing.Packets.SampleNodeOf<Dataplane.Packets.IPv6Address>;

namespace Dataplane.Tests.Workers;

/// <summary>How the two families meet in a worker: in one batch, each packet by the tables of its own.</summary>
public sealed class LanesTests
{
    private readonly LaneBed _bed = new(Both());

    [Fact]
    public void CarriesPacketsOfBothFamiliesInOneBatch()
    {
        for (int i = 0; i < LaneBed.Batch; i++)
        {
            var packet = i % 3 == 0 ? PacketBuilder.IPv4(SampleNode.PodA, SampleNode.DnsService).Udp(1000 + i, 53) : PacketBuilder.IPv6(V6.PodA, V6.DnsService).Udp(1000 + i, 53);
            _bed.Place(i, packet.Build(), PacketOrigin.Pod, SampleNode.PodAPort);
        }
        _bed.Carry(LaneBed.Batch);
        for (int i = 0; i < LaneBed.Batch; i++)
        {
            var packet = _bed.Packet(i);
            Assert.Equal(i % 3 != 0, _bed.Lanes.IsV6(i));
            Assert.Equal((VerdictKind.Forward, SampleNode.PodBPort), (_bed.VerdictOf(i).Kind, _bed.VerdictOf(i).Port));
            Assert.Equal((1000 + i, 5353, ChecksumKind.Complete), (packet.SourcePort, packet.DestinationPort, packet.Checksum));
            Assert.Equal(i % 3 == 0 ? SampleNode.PodB.Widen() : V6.PodB, i % 3 == 0 ? packet.Destination.Widen() : packet.DestinationOf<IPv6Address>());
        }
        Assert.Equal((22, 42), (_bed.Lanes.V4.Context.Flows.Counters.InUse, _bed.Lanes.V6!.Context.Flows.Counters.InUse));
    }

    /// <summary>One tunnel for both: what came in it is the family's that its inner frame names.</summary>
    [Fact]
    public void TakesEitherFamilyOutOfTheTunnel()
    {
        _bed.Place(0, PacketBuilder.IPv6(V6.RemotePod, V6.PodA).TypeOfService(2).Udp(1, 2).InVxlan().TypeOfService(3).Build(), PacketOrigin.Uplink, SampleNode.UplinkPort);
        _bed.Place(1, PacketBuilder.IPv4(SampleNode.RemotePod, SampleNode.PodA).Udp(1, 2).InVxlan().Build(), PacketOrigin.Uplink, SampleNode.UplinkPort);
        _bed.Place(2, PacketBuilder.IPv6(V6.LostPod, V6.PodA).Udp(1, 2).InVxlan().Build(), PacketOrigin.Uplink, SampleNode.UplinkPort); // another node's pod
        _bed.Place(3, PacketBuilder.IPv6(V6.RemotePod, V6.PodA).Udp(1, 2).InVxlan().TypeOfService(3).Build(), PacketOrigin.Uplink, SampleNode.UplinkPort);
        _bed.Place(4, PacketBuilder.IPv6(V6.LostPod, V6.PodA).Udp(1, 2).InVxlan(from: SampleNode.LostNode).Build(), PacketOrigin.Uplink, SampleNode.UplinkPort); // its own
        _bed.Carry(5);
        Assert.Equal(["Forward(2)", "Forward(2)", "Drop(SourceSpoofed, Ingress)", "Drop(EcnInvalid, None)", "Forward(2)"], Verdicts(5));
        Assert.Equal((V6.PodA, 3), (_bed.Packet(0).DestinationOf<IPv6Address>(), _bed.Packet(0).TypeOfService)); // with the tunnel's mark
        Assert.Equal([true, false, true, false], Enumerable.Range(0, 4).Select(_bed.Lanes.IsV6)); // the last one died in the tunnel
    }

    [Fact]
    public void PacketsOfAPodWithoutIPv6AddressConcernNobody()
    {
        var v6 = new V6();
        v6.Endpoints.RemoveAll(e => e.Port == SampleNode.PodBPort);
        _bed.Tables = SampleNode.BuildBoth(new SampleNode(), v6);
        _bed.Place(0, PacketBuilder.IPv6(V6.PodB, V6.PodA).Udp(1, 2).Build(), PacketOrigin.Pod, SampleNode.PodBPort);
        _bed.Place(1, IPv6Packets.Link(default, IPv6Address.Parse("ff02::16")).RouterAlert().Icmp(143).Payload(20).Build(), PacketOrigin.Pod, SampleNode.PodBPort);
        _bed.Place(2, IPv6Packets.NeighborSolicitation(V6.PodB, V6.Gateway, null).Build(), PacketOrigin.Pod, SampleNode.PodBPort);
        _bed.Place(3, PacketBuilder.IPv4(SampleNode.PodB, SampleNode.PodA).Udp(1, 2).Build(), PacketOrigin.Pod, SampleNode.PodBPort);
        _bed.Place(4, PacketBuilder.IPv6(V6.PodA, V6.PodB).Udp(1, 2).Build(), PacketOrigin.Pod, SampleNode.PodAPort); // nor is there such a pod
        _bed.Carry(5);
        Assert.Equal(["Drop(EtherTypeUnsupported, None)", "Drop(EtherTypeUnsupported, None)", "Drop(EtherTypeUnsupported, None)", "Forward(2)", "Drop(RouteUnreachable, None)"], Verdicts(5));
    }

    [Fact]
    public void PacketsOfIPv6ConcernNobodyWhereTheClusterHasNone()
    {
        foreach (var bed in (LaneBed[])[new(new SampleNode().Build(), withV6: false), new(Both(), withV6: false), new(new SampleNode().Build())])
        {
            bed.Place(0, PacketBuilder.IPv6(V6.PodA, V6.PodB).Udp(1, 2).Build(), PacketOrigin.Pod, SampleNode.PodAPort);
            bed.Place(1, PacketBuilder.IPv6(V6.Gateway, V6.PodB).Udp(1, 2).Build(), PacketOrigin.Host, SampleNode.HostPort);
            bed.Place(2, PacketBuilder.IPv6(V6.RemotePod, V6.PodA).Udp(1, 2).InVxlan().Build(), PacketOrigin.Uplink, SampleNode.UplinkPort);
            bed.Carry(3);
            for (int i = 0; i < 3; i++) Assert.Equal("Drop(EtherTypeUnsupported, None)", bed.VerdictOf(i).ToString());
        }
    }

    /// <summary>When control takes IPv6 away, nobody goes on by the tables of before.</summary>
    [Fact]
    public void GoesByNoTablesOfAFormerRound()
    {
        Assert.Equal("Forward(3)", OneOfV6());
        _bed.Tables = new SampleNode().Build();
        Assert.Equal("Drop(EtherTypeUnsupported, None)", OneOfV6());
        _bed.Tables = Both();
        Assert.Equal("Forward(3)", OneOfV6());
    }

    [Theory]
    [InlineData(0x88cc)]
    [InlineData(0x8100)]
    [InlineData(0x86dc)]
    public void OtherFramesAreNeithers(int type)
    {
        _bed.Place(0, PacketBuilder.IPv6(V6.PodA, V6.PodB).Udp(1, 2).EtherType((ushort)type).Build(), PacketOrigin.Pod, SampleNode.PodAPort);
        _bed.Carry(1);
        Assert.Equal(("Drop(EtherTypeUnsupported, None)", false), (_bed.VerdictOf(0).ToString(), _bed.Lanes.IsV6(0)));
    }

    /// <summary>A place of the batch is used by one family after the other, and nothing of the former packet is left in it.</summary>
    [Fact]
    public void NothingOfAPlacesFormerPacketIsLeft()
    {
        byte[] v6 = PacketBuilder.IPv6(V6.RemotePod, V6.EmptyService).Tcp(7, 8, TcpHeader.Syn).Build();
        _bed.Place(0, PacketBuilder.IPv6(V6.PodA, V6.EmptyService).Tcp(1, 80, TcpHeader.Syn).Build(), PacketOrigin.Pod, SampleNode.PodAPort);
        _bed.Carry(1);
        Assert.Equal(DropReason.ServiceNoEndpoints, _bed.Lanes.V6!.Infos[0].ReplyReason);
        _bed.Place(0, v6.AsSpan(0, 50), PacketOrigin.Host, SampleNode.HostPort);
        _bed.Carry(1);
        ref var info = ref _bed.Lanes.V6.Infos[0];
        Assert.Equal(("Drop(IpHeaderInvalid, None)", DropReason.None), (_bed.VerdictOf(0).ToString(), info.ReplyReason));
        Assert.Equal((default, default, 0u, 0u), (info.Tuple, info.Translated, info.SourceIdentity, info.DestinationIdentity));
    }

    [Fact]
    public void ABatchOfBothAllocatesNothing()
    {
        byte[] v4 = PacketBuilder.IPv4(SampleNode.PodA, SampleNode.PodB).Udp(1, 2).Build(), v6 = PacketBuilder.IPv6(V6.PodA, V6.PodB).Udp(1, 2).Build();
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                for (int place = 0; place < LaneBed.Batch; place++) _bed.Place(place, place % 2 == 0 ? v4 : v6, PacketOrigin.Pod, SampleNode.PodAPort);
                _bed.Carry(LaneBed.Batch);
            }
        }));
    }

    private static DataplaneTables Both() => SampleNode.BuildBoth(new SampleNode(), new V6());

    private IEnumerable<string> Verdicts(int count) => Enumerable.Range(0, count).Select(i => _bed.VerdictOf(i).ToString());

    private string OneOfV6()
    {
        _bed.Place(0, PacketBuilder.IPv6(V6.PodA, V6.PodB).Udp(1, 2).Build(), PacketOrigin.Pod, SampleNode.PodAPort);
        _bed.Carry(1);
        return _bed.VerdictOf(0).ToString();
    }
}
