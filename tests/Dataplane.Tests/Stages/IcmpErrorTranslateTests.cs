using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>
/// ICMP errors about flows (K31, P21). The receiver must find in the quote what it once sent, byte for byte as far as that can be:
/// the TTL has counted down on the way.
/// </summary>
public sealed class IcmpErrorTranslateTests
{
    private readonly PathHarness _path = new();

    [Theory]
    [InlineData(IpProtocol.Tcp)]
    [InlineData(IpProtocol.Udp)]
    public void TranslatesABackendsErrorForTheClient(byte protocol)
    {
        PacketBuilder Sent(IPv4Address to, int port) => Opening(protocol, SampleNode.PodA, to, 40_000, port);
        var service = protocol == IpProtocol.Tcp ? SampleNode.WebService : SampleNode.DnsService;
        int port = protocol == IpProtocol.Tcp ? 80 : 53;
        byte[] arrived = _path.FromPodA(Sent(service, port)).Bytes;

        var result = _path.FromPodB(PacketBuilder.IPv4(SampleNode.PodB, SampleNode.PodA).Icmp(IcmpHeader.DestinationUnreachable, IcmpHeader.PortUnreachable).Payload(arrived.AsSpan(14)));
        PathAssert.Forwarded(SampleNode.PodAPort, result);
        byte[] expected = PacketBuilder.IPv4(service, SampleNode.PodA).Ethernet(SampleNode.MacOf(SampleNode.PodA), SampleNode.GatewayMac).TimeToLive(63)
            .Icmp(IcmpHeader.DestinationUnreachable, IcmpHeader.PortUnreachable).Payload(Sent(service, port).TimeToLive(63).BuildIp()).Build();
        PacketAssert.Equal(expected, result.Bytes);
    }

    /// <summary>A router between the nodes speaks for itself; only the quote is translated.</summary>
    [Fact]
    public void KeepsTheAddressOfARouterThatComplains()
    {
        byte[] arrived = _path.FromPodA(Opening(IpProtocol.Udp, SampleNode.PodA, SampleNode.RemoteService, 40_000, 80)).Packet.Inner!.Bytes;
        var result = _path.FromOverlay(PacketBuilder.IPv4(SampleNode.RemoteGateway, SampleNode.PodA).Icmp(IcmpHeader.DestinationUnreachable, IcmpHeader.FragmentationNeeded, 1200).Payload(arrived.AsSpan(14)));
        var packet = PathAssert.Forwarded(SampleNode.PodAPort, result);
        Assert.Equal((SampleNode.RemoteGateway, SampleNode.PodA, 1200u), (packet.Source, packet.Destination, packet.IcmpRest));
        PacketAssert.Equal(Opening(IpProtocol.Udp, SampleNode.PodA, SampleNode.RemoteService, 40_000, 80).TimeToLive(63).BuildIp(), packet.Payload);
    }

    /// <summary>The client complains about an answer, which it knows as the service's.</summary>
    [Fact]
    public void TranslatesAClientsErrorForTheBackend()
    {
        _path.FromPodA(Opening(IpProtocol.Udp, SampleNode.PodA, SampleNode.DnsService, 40_000, 53));
        byte[] arrived = _path.FromPodB(Opening(IpProtocol.Udp, SampleNode.PodB, SampleNode.PodA, 5353, 40_000)).Bytes;
        var result = _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.DnsService).Icmp(IcmpHeader.DestinationUnreachable, IcmpHeader.PortUnreachable).Payload(arrived.AsSpan(14)));
        var packet = PathAssert.Forwarded(SampleNode.PodBPort, result);
        Assert.Equal((SampleNode.PodA, SampleNode.PodB), (packet.Source, packet.Destination));
        PacketAssert.Equal(Opening(IpProtocol.Udp, SampleNode.PodB, SampleNode.PodA, 5353, 40_000).TimeToLive(63).BuildIp(), packet.Payload);
    }

    [Fact]
    public void TranslatesErrorsOfHairpinFlows()
    {
        byte[] arrived = _path.FromPodA(Opening(IpProtocol.Tcp, SampleNode.PodA, SampleNode.SelfService, 40_000, 80)).Bytes;
        var result = _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.Gateway).Icmp(IcmpHeader.DestinationUnreachable, IcmpHeader.PortUnreachable).Payload(arrived.AsSpan(14)));
        var packet = PathAssert.Forwarded(SampleNode.PodAPort, result);
        Assert.Equal((SampleNode.SelfService, SampleNode.PodA), (packet.Source, packet.Destination));
        PacketAssert.Equal(Opening(IpProtocol.Tcp, SampleNode.PodA, SampleNode.SelfService, 40_000, 80).TimeToLive(63).BuildIp(), packet.Payload);
    }

    [Theory]
    [InlineData(IpProtocol.Tcp)]
    [InlineData(IpProtocol.Udp)]
    [InlineData(IpProtocol.Sctp)]
    [InlineData(IpProtocol.Icmp)]
    [InlineData(253)]
    public void PassesErrorsAboutUntranslatedFlowsUnchanged(byte protocol)
    {
        byte[] arrived = _path.FromPodA(Opening(protocol, SampleNode.PodA, SampleNode.PodB, 40_000, 5000)).Bytes;
        var result = _path.FromPodB(PacketBuilder.IPv4(SampleNode.PodB, SampleNode.PodA).Icmp(IcmpHeader.TimeExceeded, 1).Payload(arrived.AsSpan(14)));
        PathAssert.Forwarded(SampleNode.PodAPort, result);
        PacketAssert.Equal(arrived.AsSpan(14), result.Packet.Payload);
    }

    [Fact]
    public void TakesQuotesOfEightBytes()
    {
        byte[] arrived = _path.FromPodA(Opening(IpProtocol.Tcp, SampleNode.PodA, SampleNode.WebService, 40_000, 80)).Bytes;
        var result = _path.FromPodB(PacketBuilder.IPv4(SampleNode.PodB, SampleNode.PodA).Icmp(IcmpHeader.DestinationUnreachable, 3).Payload(arrived.AsSpan(14, 28)));
        PacketAssert.Equal(
            Opening(IpProtocol.Tcp, SampleNode.PodA, SampleNode.WebService, 40_000, 80).TimeToLive(63).BuildIp().AsSpan(0, 28), PathAssert.Forwarded(SampleNode.PodAPort, result).Payload);
    }

    [Fact]
    public void DropsErrorsAboutFlowsThatAreNotKnown() => PathAssert.Dropped(
        DropReason.IcmpErrorUnrelated,
        _path.FromPodB(Error(SampleNode.PodB, SampleNode.PodA, Opening(IpProtocol.Udp, SampleNode.PodA, SampleNode.PodB, 40_000, 5000))));

    /// <summary>A pod gets what is sent to it, and can complain about nothing else: it is no router.</summary>
    [Fact]
    public void DropsAPodsErrorsAboutTheFlowsOfOthers()
    {
        _path.FromPodA(Opening(IpProtocol.Tcp, SampleNode.PodA, SampleNode.RemotePod, 40_000, 80));
        PathAssert.Dropped(DropReason.IcmpErrorUnrelated, _path.FromPodB(Error(SampleNode.PodB, SampleNode.PodA, Opening(IpProtocol.Tcp, SampleNode.PodA, SampleNode.RemotePod, 40_000, 80))));
    }

    [Fact]
    public void DropsErrorsThatQuoteLaterFragments()
    {
        _path.FromPodA(Opening(IpProtocol.Udp, SampleNode.PodA, SampleNode.PodB, 40_000, 5000));
        PathAssert.Dropped(DropReason.IcmpErrorUnrelated, _path.FromPodB(Error(SampleNode.PodB, SampleNode.PodA, Opening(IpProtocol.Udp, SampleNode.PodA, SampleNode.PodB, 40_000, 5000).Fragment(64, more: true))));
    }

    /// <summary>Its checksum is over all of it, and nobody puts it together here.</summary>
    [Fact]
    public void DropsErrorsThatAreFragmentsThemselves()
    {
        byte[] arrived = _path.FromPodA(Opening(IpProtocol.Udp, SampleNode.PodA, SampleNode.DnsService, 40_000, 53)).Bytes;
        PathAssert.Dropped(DropReason.IcmpErrorUnrelated, _path.FromPodB(
            PacketBuilder.IPv4(SampleNode.PodB, SampleNode.PodA).Icmp(IcmpHeader.DestinationUnreachable, 3).Payload(arrived.AsSpan(14)).Fragment(0, more: true)));
    }

    [Fact]
    public void DropsErrorsForAPodThatIsGone()
    {
        _path.FromPodA(Opening(IpProtocol.Udp, SampleNode.PodA, SampleNode.PodB, 40_000, 5000));
        var node = new SampleNode { Revision = 2 };
        node.Endpoints.RemoveAll(e => e.Address == SampleNode.PodA);
        _path.Tables = node.Build();
        PathAssert.Dropped(DropReason.RouteUnreachable, _path.FromPodB(Error(SampleNode.PodB, SampleNode.PodA, Opening(IpProtocol.Udp, SampleNode.PodA, SampleNode.PodB, 40_000, 5000))));
    }

    private static PacketBuilder Error(IPv4Address from, IPv4Address to, PacketBuilder about) =>
        PacketBuilder.IPv4(from, to).Icmp(IcmpHeader.DestinationUnreachable, IcmpHeader.PortUnreachable).Payload(about.BuildIp());

    private static PacketBuilder Opening(byte protocol, IPv4Address from, IPv4Address to, int source, int port)
    {
        var packet = PacketBuilder.IPv4(from, to).Payload(40);
        return protocol switch
        {
            IpProtocol.Tcp => packet.Tcp(source, port, TcpHeader.Syn),
            IpProtocol.Udp => packet.Udp(source, port),
            IpProtocol.Sctp => packet.Sctp(source, port),
            IpProtocol.Icmp => packet.Icmp(IcmpHeader.EchoRequest, 0, 0x0007_0001),
            _ => packet.Protocol(protocol),
        };
    }
}
