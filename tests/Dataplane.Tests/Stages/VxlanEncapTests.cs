using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>Frames for other nodes, byte by byte as the kernel's vxlan device makes them.</summary>
public abstract class VxlanEncapTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private readonly PathHarnessOf<TAddress> _path = new();

    [Fact]
    public void PutsThePacketIntoATunnel()
    {
        var result = _path.FromPodA(Ip(PodA, RemotePod).Udp(40_000, 5000).Payload([0xca, 0xfe]));
        PathAssert.Forwarded(UplinkPort, result);
        string hex = Convert.ToHexStringLower(result.Bytes);
        string sourcePort = hex[68..72];
        string outer =
            "5254000000fe" + "525400000001" + "0800" + // next hop, uplink, IPv4
            "4500" + Either("0050", "0064") + "0000" + "0000" + // no DF, like `ip link add type vxlan` without df
            "4011" + Either("f949", "f935") + "c0a80001" + "c0a80002" +
            sourcePort + "12b5" + Either("003c", "0050") + "0000" + // no UDP checksum
            "08000000" + "00000100"; // VNI 1
        string inner =
            "0e64c0a80002" + "0e64c0a80001" +
            Either("0800" + "4500" + "001e" + "1234" + "0000" + "3f11" + "5096" + "0af4010a" + "0af40214",
                "86dd" + "60000000" + "000a" + "113f" + "fd00001002440001000000000000000a" + "fd000010024400020000000000000014") +
            "9c40" + "1388" + "000a";
        Assert.Equal(outer + inner, hex[..^8]);
        Assert.InRange(Convert.ToInt32(sourcePort, 16), 49152, 65535);
        PacketAssert.Equal(
            Ip(PodA, RemotePod).Ethernet(SampleNode.RemoteVtepMac, SampleNode.VtepMac).TimeToLive(63).Udp(40_000, 5000).Payload([0xca, 0xfe]).Build(),
            result.Packet.Inner!.Bytes);
    }

    [Fact]
    public void TranslatesBeforeTheTunnel()
    {
        var result = _path.FromPodA(Ip(PodA, RemoteService).Tcp(40_000, 80, TcpHeader.Syn));
        var inner = PathAssert.Forwarded(UplinkPort, result).Inner!;
        Assert.Equal((PodA, RemotePod, (ushort)8080), (Source(inner), Destination(inner), inner.DestinationPort));
    }

    /// <summary>No device completes a checksum inside a tunnel for us.</summary>
    [Theory]
    [InlineData(IpProtocol.Tcp, 0)]
    [InlineData(IpProtocol.Tcp, 1)]
    [InlineData(IpProtocol.Tcp, 1380)]
    [InlineData(IpProtocol.Udp, 0)]
    [InlineData(IpProtocol.Udp, 1)]
    [InlineData(IpProtocol.Udp, 1380)]
    public void CompletesChecksums(byte protocol, int payload)
    {
        var packet = Ip(PodA, RemoteService);
        packet = protocol == IpProtocol.Tcp ? packet.Tcp(40_000, 80, TcpHeader.Syn) : packet.Udp(40_000, 80);
        var result = _path.FromPodA(packet.Payload(payload).PartialChecksum());
        Assert.Equal(ChecksumKind.Complete, PathAssert.Forwarded(UplinkPort, result).Inner!.Checksum);
        Assert.Equal(PacketFlags.None, result.Info.Flags & PacketFlags.PartialChecksum);
    }

    [Fact]
    public void NeverMakesAUdpChecksumOfZero()
    {
        for (int value = 0; value < 65_536; value++)
        {
            byte[] payload = [(byte)(value >> 8), (byte)value];
            byte[] complete = Ip(PodA, RemotePod).Udp(40_000, 5000).Payload(payload).Build();
            if ((complete[Headers + 6], complete[Headers + 7]) != (0xff, 0xff)) continue;
            var result = _path.FromPodA(Ip(PodA, RemotePod).Udp(40_000, 5000).Payload(payload).PartialChecksum());
            Assert.Equal(0xffff, PathAssert.Forwarded(UplinkPort, result).Inner!.ChecksumField);
        }
    }

    [Fact]
    public void SpreadsFlowsOverSourcePorts()
    {
        var ports = new HashSet<ushort>();
        for (int port = 1000; port < 1200; port++)
            ports.Add(_path.FromPodA(Ip(PodA, RemotePod).Udp(port, 5000)).Packet.SourcePort);
        Assert.InRange(ports.Count, 190, 200);
        ushort of = _path.FromPodA(Ip(PodA, RemotePod).Udp(1000, 5000)).Packet.SourcePort;
        Assert.Equal(of, _path.FromPodA(Ip(PodA, RemotePod).Udp(1000, 5000).Payload(200)).Packet.SourcePort);
    }

    [Fact]
    public void GivesEachPacketAnIdentification()
    {
        var packet = Ip(PodA, RemotePod).Udp(40_000, 5000);
        int first = _path.FromPodA(packet).Packet.Identification;
        Assert.Equal(first + 1, _path.FromPodA(packet).Packet.Identification);
    }

    /// <summary>RFC 6040, section 4.1, normal mode, as Linux has it: the mark itself is not carried out, that it may be set is.</summary>
    [Theory]
    [InlineData(0xb8, 0)]
    [InlineData(0xb9, 1)]
    [InlineData(0xba, 2)]
    [InlineData(0xbb, 2)]
    public void CarriesCongestionNotificationOut(byte inner, byte outer)
    {
        var result = _path.FromPodA(Ip(PodA, RemotePod).TypeOfService(inner).Udp(40_000, 5000));
        var packet = PathAssert.Forwarded(UplinkPort, result);
        Assert.Equal((outer, inner), (packet.TypeOfService, packet.Inner!.TypeOfService));
    }

    [Fact]
    public void DropsWhatGoesToANodeWhoseNeighborIsNotKnown() => PathAssert.Dropped(
        DropReason.NeighborUnresolved, _path.FromPodA(Ip(PodA, LostPod).Udp(40_000, 5000)));

    [Theory]
    [InlineData(50, true)]
    [InlineData(49, false)]
    [InlineData(0, false)]
    public void NeedsRoomBeforeThePacket(int room, bool sent)
    {
        _path.Start = room;
        var result = _path.FromPodA(Ip(PodA, RemotePod).Udp(40_000, 5000));
        if (sent) PathAssert.Forwarded(UplinkPort, result);
        else PathAssert.Dropped(DropReason.HeadroomExhausted, result);
    }
}
