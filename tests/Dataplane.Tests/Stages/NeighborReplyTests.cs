using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>ARP: our Ethernet address is the answer to every question.</summary>
public sealed class NeighborReplyTests
{
    private static readonly MacAddress PodMac = SampleNode.MacOf(SampleNode.PodA);
    private readonly PathHarness _path = new();

    [Theory]
    [InlineData("10.244.1.1")]
    [InlineData("10.244.1.11")]
    [InlineData("203.0.113.7")]
    public void AnswersForEveryAddress(string target)
    {
        var address = IPv4Address.Parse(target);
        var result = _path.FromPodA(PacketBuilder.Arp(ArpHeader.Request, PodMac, SampleNode.PodA, address));
        PathAssert.Replied(SampleNode.PodAPort, result);
        byte[] expected = PacketBuilder.Arp(ArpHeader.Reply, SampleNode.GatewayMac, address, SampleNode.PodA).Ethernet(PodMac, SampleNode.GatewayMac).Build();
        PodMac.CopyTo(expected.AsSpan(EthernetHeader.Size + 18)); // target's Ethernet address, which a request leaves empty
        PacketAssert.Equal(expected, result.Bytes);
    }

    [Fact]
    public void AnswersTheHost() => PathAssert.Replied(
        SampleNode.HostPort, _path.FromHost(PacketBuilder.Arp(ArpHeader.Request, SampleNode.HostMac, SampleNode.Gateway, SampleNode.PodA)));

    [Fact]
    public void DropsThePaddingOfAShortFrame()
    {
        var result = _path.FromPodA(PacketBuilder.Arp(ArpHeader.Request, PodMac, SampleNode.PodA, SampleNode.Gateway).Padding(18));
        PathAssert.Replied(SampleNode.PodAPort, result);
        Assert.Equal(EthernetHeader.Size + ArpHeader.Size, result.Bytes.Length);
    }

    [Fact]
    public void IgnoresReplies() => PathAssert.Dropped(
        DropReason.ArpIgnored, _path.FromPodA(PacketBuilder.Arp(ArpHeader.Reply, PodMac, SampleNode.PodA, SampleNode.Gateway)));

    [Fact]
    public void IgnoresAnnouncements() => PathAssert.Dropped(
        DropReason.ArpIgnored, _path.FromPodA(PacketBuilder.Arp(ArpHeader.Request, PodMac, SampleNode.PodA, SampleNode.PodA)));

    /// <summary>A probe's sender address is zero (RFC 5227, section 2.1.1). An answer would say that the address is taken.</summary>
    [Fact]
    public void IgnoresProbesForDuplicateAddresses() => PathAssert.Dropped(
        DropReason.ArpIgnored, _path.FromPodA(PacketBuilder.Arp(ArpHeader.Request, PodMac, default, SampleNode.PodA)));

    [Theory]
    [InlineData(0)] // hardware type
    [InlineData(2)] // protocol type
    [InlineData(4)] // length of a hardware address
    [InlineData(5)] // length of a protocol address
    public void RefusesWhatIsNotAboutIPv4OverEthernet(int offset)
    {
        byte[] frame = PacketBuilder.Arp(ArpHeader.Request, PodMac, SampleNode.PodA, SampleNode.Gateway).Build();
        frame[EthernetHeader.Size + offset] ^= 0x40;
        PathAssert.Dropped(DropReason.ArpInvalid, _path.FromPod(SampleNode.PodAPort, frame));
    }

    [Theory]
    [InlineData(PacketOrigin.Pod, SampleNode.PodAPort)]
    [InlineData(PacketOrigin.Host, SampleNode.HostPort)]
    public void DropsArpThatIsCutShort(PacketOrigin origin, ushort port)
    {
        byte[] frame = PacketBuilder.Arp(ArpHeader.Request, SampleNode.HostMac, SampleNode.PodA, SampleNode.Gateway).Build();
        for (int length = 0; length < frame.Length; length++)
            PathAssert.Dropped(length < EthernetHeader.Size ? DropReason.EthernetTruncated : DropReason.ArpInvalid, _path.Send(frame[..length], origin, port));
        PathAssert.Replied(port, _path.Send(frame, origin, port));
    }

    [Fact]
    public void IsNotCarriedByTheTunnel() => PathAssert.Dropped(
        DropReason.EtherTypeUnsupported, _path.FromOverlay(PacketBuilder.Arp(ArpHeader.Request, PodMac, SampleNode.RemotePod, SampleNode.PodA)));
}
