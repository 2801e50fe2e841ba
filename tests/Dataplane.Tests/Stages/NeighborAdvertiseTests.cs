using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;
using static Dataplane.Testing.Packets.IPv6Packets;
using Node = Dataplane.Testing.Packets.SampleNodeOf<Dataplane.Packets.IPv6Address>;

namespace Dataplane.Tests.Stages;

/// <summary>Neighbour discovery: our Ethernet address is the answer to every question, and nothing else of a link is answered.</summary>
public sealed class NeighborAdvertiseTests
{
    private static readonly MacAddress PodMac = SampleNode.MacOf(Node.PodA);
    private static readonly IPv6Address LinkLocal = IPv6Address.Parse("fe80::858:aff:fef4:10a");
    private readonly PathHarnessOf<IPv6Address> _path = new();

    [Theory]
    [InlineData("fd00:10:244:1::1")] // the gateway
    [InlineData("fd00:10:244:1::b")] // another pod
    [InlineData("2001:db8:cb00:71::7")] // somebody
    [InlineData("fe80::1")] // the gateway on the link
    public void AnswersForEveryAddress(string text)
    {
        var target = IPv6Address.Parse(text);
        var result = _path.FromPodA(NeighborSolicitation(Node.PodA, target, PodMac));
        PathAssert.Replied(Node.PodAPort, result);
        PacketAssert.Equal(Answer(Node.PodA, target), result.Bytes);
    }

    /// <summary>From the first bytes of Ethernet to the last of the option, as Linux sends it for a router.</summary>
    [Fact]
    public void AnswersByteByByte()
    {
        var result = _path.FromPodA(NeighborSolicitation(Node.PodA, Node.Gateway, PodMac));
        Assert.Equal(
            "0a590000000a" + "0e640af40101" + "86dd" +
            "60000000" + "0020" + "3a" + "ff" + "fd000010024400010000000000000001" + "fd00001002440001000000000000000a" +
            "88" + "00" + "7d3c" + "e0000000" + "fd000010024400010000000000000001" +
            "0201" + "0e640af40101",
            Convert.ToHexStringLower(result.Bytes));
    }

    [Fact]
    public void AnswersFromAndToLinkLocalAddresses()
    {
        var result = _path.FromPodA(NeighborSolicitation(LinkLocal, Node.Gateway, PodMac));
        PathAssert.Replied(Node.PodAPort, result);
        PacketAssert.Equal(Answer(LinkLocal, Node.Gateway), result.Bytes);
    }

    [Fact]
    public void AnswersTheHost() => PathAssert.Replied(Node.HostPort, _path.FromHost(NeighborSolicitation(Node.Gateway, Node.PodA, SampleNode.HostMac)));

    /// <summary>Who knows our address asks it again without telling its own (section 7.2.2): the answer is longer than the question.</summary>
    [Fact]
    public void AnswersSolicitationsWithoutSourceLinkLayerAddress()
    {
        byte[] asked = NeighborSolicitation(Node.PodA, Node.Gateway, null, Node.Gateway).Ethernet(SampleNode.GatewayMac, PodMac).Build();
        var result = _path.FromPod(Node.PodAPort, asked);
        PathAssert.Replied(Node.PodAPort, result);
        PacketAssert.Equal(Answer(Node.PodA, Node.Gateway), result.Bytes);
        Assert.Equal(asked.Length + 8, result.Bytes.Length);
    }

    [Fact]
    public void DropsPaddingAndExtensionHeaders()
    {
        PacketAssert.Equal(Answer(Node.PodA, Node.Gateway), _path.FromPodA(NeighborSolicitation(Node.PodA, Node.Gateway, PodMac).Padding(18)).Bytes);
        PacketAssert.Equal(Answer(Node.PodA, Node.Gateway), _path.FromPodA(NeighborSolicitation(Node.PodA, Node.Gateway, PodMac).DestinationOptions(64)).Bytes);
    }

    [Fact]
    public void GivesUpWhereAnAnswerHasNoRoom()
    {
        byte[] asked = NeighborSolicitation(Node.PodA, Node.Gateway, null).Ethernet(SampleNode.GatewayMac, PodMac).Build();
        _path.Start = PathHarness.ChunkSize - asked.Length - 7;
        PathAssert.Dropped(DropReason.HeadroomExhausted, _path.FromPod(Node.PodAPort, asked));
        _path.Start--;
        PathAssert.Replied(Node.PodAPort, _path.FromPod(Node.PodAPort, asked));
    }

    /// <summary>RFC 4862, section 5.4: the probe's source is ::. An answer would say that the address is taken.</summary>
    [Fact]
    public void IgnoresProbesForDuplicateAddresses()
    {
        Ignored(_path.FromPodA(NeighborSolicitation(default, Node.PodA, null)));
        Ignored(_path.FromPodA(NeighborSolicitation(default, LinkLocal, null)));
        Ignored(_path.FromHost(NeighborSolicitation(default, Node.Gateway, null)));
        Ignored(_path.FromPodA(NeighborSolicitation(Node.PodA, Node.PodA, PodMac)));
    }

    [Theory]
    [InlineData(Icmpv6.ListenerQuery)]
    [InlineData(Icmpv6.ListenerReport)]
    [InlineData(Icmpv6.ListenerDone)]
    [InlineData(Icmpv6.ListenerReportV2)]
    [InlineData(Icmpv6.RouterSolicitation)]
    [InlineData(Icmpv6.RouterAdvertisement)]
    [InlineData(Icmpv6.NeighborAdvertisement)]
    [InlineData(Icmpv6.Redirect)]
    public void IgnoresWhatElseConcernsOneLink(byte type)
    {
        foreach (var source in (IPv6Address[])[default, LinkLocal, Node.PodA])
        {
            Ignored(_path.FromPodA(Link(source, IPv6Address.Parse("ff02::16")).RouterAlert().Icmp(type).Payload(32)));
            Ignored(_path.FromHost(Link(source, IPv6Address.Parse("ff02::2")).Icmp(type).Payload(32)));
            Ignored(_path.FromPodA(Link(source, Node.PodB).Icmp(type).Payload(32)));
        }
    }

    /// <summary>What comes from another node is not of our link, whatever its hop limit says.</summary>
    [Fact]
    public void IgnoresSolicitationsFromTheTunnelAndTheUplink()
    {
        Ignored(_path.FromOverlay(NeighborSolicitation(Node.RemotePod, Node.PodA, PodMac)));
        Ignored(_path.FromUplink(NeighborSolicitation(Node.World, Node.NodeAddress, PodMac)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(254)]
    public void RefusesWhatMayComeFromAfar(byte hops) => Invalid(NeighborSolicitation(Node.PodA, Node.Gateway, PodMac).TimeToLive(hops));

    [Fact]
    public void RefusesAnotherCode() => Invalid(Link(Node.PodA, Node.Gateway).Icmp(Icmpv6.NeighborSolicitation, 1).Payload(new byte[24]));

    [Theory]
    [InlineData("ff02::1")]
    [InlineData("ff0e::1:2:3")]
    public void RefusesQuestionsForGroups(string target) => Invalid(NeighborSolicitation(Node.PodA, IPv6Address.Parse(target), PodMac));

    [Fact]
    public void RefusesWrongChecksums() => Invalid(NeighborSolicitation(Node.PodA, Node.Gateway, PodMac).WrongChecksum());

    /// <summary>RFC 6980: fragments would pass guards that look at first fragments only.</summary>
    [Fact]
    public void RefusesFragments()
    {
        byte[] message = NeighborSolicitation(Node.PodA, Node.Gateway, PodMac).BuildIp()[40..];
        Invalid(Link(Node.PodA, SolicitedNode(Node.Gateway)).Protocol(IpProtocol.IcmpV6).Payload(message.AsSpan(0, 24)).Fragment(0, more: true));
        PathAssert.Dropped(DropReason.FragmentFirstMissing, _path.FromPodA(Link(Node.PodA, SolicitedNode(Node.Gateway)).Protocol(IpProtocol.IcmpV6).Payload(message.AsSpan(24)).Fragment(24, more: false)));
        // And nothing of it gets to anybody: not to the host, whose stack may be less careful.
        foreach (byte type in (byte[])[Icmpv6.RouterAdvertisement, Icmpv6.NeighborAdvertisement, Icmpv6.Redirect])
            Ignored(_path.FromPodA(Link(Node.PodA, Node.NodeAddress).Icmp(type).Payload(24).Fragment(0, more: true)));
    }

    [Fact]
    public void RefusesSolicitationsOfSeveralFrames() => Invalid(NeighborSolicitation(Node.PodA, Node.Gateway, PodMac).Payload([.. new byte[16], .. new byte[4000]]));

    [Fact]
    public void RefusesSolicitationsThatAreCutShort()
    {
        byte[] whole = NeighborSolicitation(Node.PodA, Node.Gateway, null).BuildIp();
        for (int length = 0; length < 24; length++)
        {
            var cut = Link(Node.PodA, Node.Gateway).Protocol(IpProtocol.IcmpV6).Payload(whole.AsSpan(40, length));
            PathAssert.Dropped(length < IcmpHeader.Size ? DropReason.IcmpHeaderInvalid : DropReason.NeighborDiscoveryInvalid, _path.FromPodA(cut));
        }
    }

    [Fact]
    public void OpensNoFlow()
    {
        _path.FromPodA(NeighborSolicitation(Node.PodA, Node.Gateway, PodMac));
        Assert.Equal(0, _path.Context.Flows.Counters.InUse);
    }

    private static byte[] Answer(IPv6Address asker, IPv6Address target) =>
        NeighborAdvertisement(target, asker, target, SampleNode.GatewayMac).Ethernet(PodMac, SampleNode.GatewayMac).Build();

    private static void Ignored(PathResult<IPv6Address> result) => PathAssert.Dropped(DropReason.NeighborDiscoveryIgnored, result);

    private void Invalid(PacketBuilder packet) => PathAssert.Dropped(DropReason.NeighborDiscoveryInvalid, _path.FromPodA(packet));
}
