using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>
/// ICMP errors about flows (K31, P21). The receiver must find in the quote what it once sent, byte for byte as far as that can be:
/// the TTL has counted down on the way.
/// </summary>
public abstract class IcmpErrorTranslateTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private readonly PathHarnessOf<TAddress> _path = new();

    [Theory]
    [InlineData(IpProtocol.Tcp, 40, 0)]
    [InlineData(IpProtocol.Udp, 40, 0)]
    [InlineData(IpProtocol.Tcp, 40, 16)]
    [InlineData(IpProtocol.Udp, 1100, 40)] // what a router of IPv6 may quote
    public void TranslatesABackendsErrorForTheClient(byte protocol, int payload, int options)
    {
        PacketBuilder Sent(TAddress to, int port) => Opening(protocol, PodA, to, 40_000, port).Payload(payload).IpOptions(options);
        var service = protocol == IpProtocol.Tcp ? WebService : DnsService;
        int port = protocol == IpProtocol.Tcp ? 80 : 53;
        byte[] arrived = _path.FromPodA(Sent(service, port)).Bytes;

        var result = _path.FromPodB(Ip(PodB, PodA).Error(IcmpError.PortUnreachable).Payload(arrived.AsSpan(14)));
        PathAssert.Forwarded(PodAPort, result);
        byte[] expected = Ip(service, PodA).Ethernet(MacOf(PodA), SampleNode.GatewayMac).TimeToLive(63)
            .Error(IcmpError.PortUnreachable).Payload(Sent(service, port).TimeToLive(63).BuildIp()).Build();
        PacketAssert.Equal(expected, result.Bytes);
    }

    /// <summary>A router between the nodes speaks for itself; only the quote is translated.</summary>
    [Fact]
    public void KeepsTheAddressOfARouterThatComplains()
    {
        byte[] arrived = _path.FromPodA(Opening(IpProtocol.Udp, PodA, RemoteService, 40_000, 80)).Packet.Inner!.Bytes;
        var result = _path.FromOverlay(Ip(RemoteGateway, PodA).Error(IcmpError.PacketTooBig, 1200).Payload(arrived.AsSpan(14)));
        var packet = PathAssert.Forwarded(PodAPort, result);
        Assert.Equal((RemoteGateway, PodA, 1200u), (Source(packet), Destination(packet), packet.IcmpRest));
        PacketAssert.Equal(Opening(IpProtocol.Udp, PodA, RemoteService, 40_000, 80).TimeToLive(63).BuildIp(), packet.Payload);
    }

    /// <summary>The client complains about an answer, which it knows as the service's.</summary>
    [Fact]
    public void TranslatesAClientsErrorForTheBackend()
    {
        _path.FromPodA(Opening(IpProtocol.Udp, PodA, DnsService, 40_000, 53));
        byte[] arrived = _path.FromPodB(Opening(IpProtocol.Udp, PodB, PodA, 5353, 40_000)).Bytes;
        var result = _path.FromPodA(Ip(PodA, DnsService).Error(IcmpError.PortUnreachable).Payload(arrived.AsSpan(14)));
        var packet = PathAssert.Forwarded(PodBPort, result);
        Assert.Equal((PodA, PodB), (Source(packet), Destination(packet)));
        PacketAssert.Equal(Opening(IpProtocol.Udp, PodB, PodA, 5353, 40_000).TimeToLive(63).BuildIp(), packet.Payload);
    }

    [Fact]
    public void TranslatesErrorsOfHairpinFlows()
    {
        byte[] arrived = _path.FromPodA(Opening(IpProtocol.Tcp, PodA, SelfService, 40_000, 80)).Bytes;
        var result = _path.FromPodA(Ip(PodA, Gateway).Error(IcmpError.PortUnreachable).Payload(arrived.AsSpan(14)));
        var packet = PathAssert.Forwarded(PodAPort, result);
        Assert.Equal((SelfService, PodA), (Source(packet), Destination(packet)));
        PacketAssert.Equal(Opening(IpProtocol.Tcp, PodA, SelfService, 40_000, 80).TimeToLive(63).BuildIp(), packet.Payload);
    }

    [Theory]
    [InlineData(IpProtocol.Tcp)]
    [InlineData(IpProtocol.Udp)]
    [InlineData(IpProtocol.Sctp)]
    [InlineData(IpProtocol.Icmp)]
    [InlineData(253)]
    public void PassesErrorsAboutUntranslatedFlowsUnchanged(byte protocol)
    {
        byte[] arrived = _path.FromPodA(Opening(OfFamily(protocol), PodA, PodB, 40_000, 5000)).Bytes;
        var result = _path.FromPodB(Ip(PodB, PodA).Error(IcmpError.TimeExceeded).Payload(arrived.AsSpan(14)));
        PathAssert.Forwarded(PodAPort, result);
        PacketAssert.Equal(arrived.AsSpan(14), result.Packet.Payload);
    }

    [Fact]
    public void TakesQuotesOfEightBytes()
    {
        byte[] arrived = _path.FromPodA(Opening(IpProtocol.Tcp, PodA, WebService, 40_000, 80)).Bytes;
        var result = _path.FromPodB(Ip(PodB, PodA).Error(IcmpError.PortUnreachable).Payload(arrived.AsSpan(14, IpHeader + 8)));
        PacketAssert.Equal(
            Opening(IpProtocol.Tcp, PodA, WebService, 40_000, 80).TimeToLive(63).BuildIp().AsSpan(0, IpHeader + 8), PathAssert.Forwarded(PodAPort, result).Payload);
    }

    [Fact]
    public void DropsErrorsAboutFlowsThatAreNotKnown() => PathAssert.Dropped(
        DropReason.IcmpErrorUnrelated,
        _path.FromPodB(Error(PodB, PodA, Opening(IpProtocol.Udp, PodA, PodB, 40_000, 5000))));

    /// <summary>A pod gets what is sent to it, and can complain about nothing else: it is no router.</summary>
    [Fact]
    public void DropsAPodsErrorsAboutTheFlowsOfOthers()
    {
        _path.FromPodA(Opening(IpProtocol.Tcp, PodA, RemotePod, 40_000, 80));
        PathAssert.Dropped(DropReason.IcmpErrorUnrelated, _path.FromPodB(Error(PodB, PodA, Opening(IpProtocol.Tcp, PodA, RemotePod, 40_000, 80))));
    }

    [Fact]
    public void DropsErrorsThatQuoteLaterFragments()
    {
        _path.FromPodA(Opening(IpProtocol.Udp, PodA, PodB, 40_000, 5000));
        PathAssert.Dropped(DropReason.IcmpErrorUnrelated, _path.FromPodB(Error(PodB, PodA, Opening(IpProtocol.Udp, PodA, PodB, 40_000, 5000).Fragment(64, more: true))));
    }

    /// <summary>Its checksum is over all of it, and nobody puts it together here.</summary>
    [Fact]
    public void DropsErrorsThatAreFragmentsThemselves()
    {
        byte[] arrived = _path.FromPodA(Opening(IpProtocol.Udp, PodA, DnsService, 40_000, 53)).Bytes;
        PathAssert.Dropped(DropReason.IcmpErrorUnrelated, _path.FromPodB(
            Ip(PodB, PodA).Error(IcmpError.PortUnreachable).Payload(arrived.AsSpan(14)).Fragment(0, more: true)));
    }

    [Fact]
    public void DropsErrorsForAPodThatIsGone()
    {
        _path.FromPodA(Opening(IpProtocol.Udp, PodA, PodB, 40_000, 5000));
        var node = new SampleNodeOf<TAddress> { Revision = 2 };
        node.Endpoints.RemoveAll(e => e.Address.Equals(PodA));
        _path.Tables = node.Build();
        PathAssert.Dropped(DropReason.RouteUnreachable, _path.FromPodB(Error(PodB, PodA, Opening(IpProtocol.Udp, PodA, PodB, 40_000, 5000))));
    }

    private static PacketBuilder Error(TAddress from, TAddress to, PacketBuilder about) =>
        Ip(from, to).Error(IcmpError.PortUnreachable).Payload(about.BuildIp());

    private static PacketBuilder Opening(byte protocol, TAddress from, TAddress to, int source, int port)
    {
        var packet = Ip(from, to).Payload(40);
        return protocol switch
        {
            IpProtocol.Tcp => packet.Tcp(source, port, TcpHeader.Syn),
            IpProtocol.Udp => packet.Udp(source, port),
            IpProtocol.Sctp => packet.Sctp(source, port),
            _ when protocol == Icmp => packet.EchoRequest(),
            _ => packet.Protocol(protocol),
        };
    }
}
