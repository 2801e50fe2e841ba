using System.Net;
using Xdp.Interop.Links;
using Xdp.Interop.Links.Native;
using Xunit;

namespace Xdp.Interop.Tests.Links;

public class NetlinkMessageTests
{
    [Fact]
    public void WritesHeaderHeadAndPaddedAttributes()
    {
        var message = new NetlinkRequest()
            .Begin(Rtnl.RTM_NEWLINK, Nl.NLM_F_ACK, new IfInfoMsg { Index = 7 })
            .AddText(Rtnl.IFLA_IFNAME, "eth0")
            .AddUInt32(Rtnl.IFLA_MTU, 0x01020304)
            .Finish(sequence: 9);

        byte[] expected =
        [
            52, 0, 0, 0, 16, 0, 5, 0, 9, 0, 0, 0, 0, 0, 0, 0,
            0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            9, 0, 3, 0, (byte)'e', (byte)'t', (byte)'h', (byte)'0', 0, 0, 0, 0,
            8, 0, 4, 0, 4, 3, 2, 1,
        ];
        Assert.Equal(expected, message.ToArray());
    }

    [Fact]
    public void NestsAttributesAndAlignsEach()
    {
        var request = new NetlinkRequest().Begin(Rtnl.RTM_NEWLINK, 0, default(IfInfoMsg));
        var outer = request.OpenNest(18);
        request.AddText(1, "veth"); // 5 bytes, padded to 8
        var inner = request.OpenNest(2);
        request.Add(3, [1]).Add(4, [1, 2, 3, 4, 5]);
        request.CloseNest(inner).CloseNest(outer);
        var message = request.Add(5, []).Finish(1);

        var seen = new List<string>();
        foreach (var top in new NetlinkAttributes(message[(NlMsgHdr.Size + IfInfoMsg.Size)..]))
        {
            seen.Add($"{top.Type}:{top.Payload.Length}");
            if (top.Type != 18) continue;
            foreach (var middle in top.Nested)
            {
                seen.Add($" {middle.Type}:{middle.Payload.Length}");
                if (middle.Type != 2) continue;
                foreach (var leaf in middle.Nested) seen.Add($"  {leaf.Type}:{leaf.Payload.Length}");
            }
        }

        // 18 holds 12 (text) + 4 + 8 + 12 (nest with leaves of 1 and 5 bytes).
        Assert.Equal(["18:36", " 1:5", " 2:20", "  3:1", "  4:5", "5:0"], seen);
    }

    [Fact]
    public void GrowsBeyondItsFirstBufferAndIsReusable()
    {
        var request = new NetlinkRequest().Begin(Rtnl.RTM_NEWLINK, 0, default(IfInfoMsg));
        for (var i = 0; i < 500; i++) request.AddUInt32(4, (uint)i);
        var values = new List<uint>();
        foreach (var attribute in new NetlinkAttributes(request.Finish(1)[32..])) values.Add(attribute.UInt32);
        Assert.Equal(Enumerable.Range(0, 500).Select(i => (uint)i), values);

        request.Begin(Rtnl.RTM_NEWLINK, 0, default(IfInfoMsg)).Add(1, [1]);
        Assert.Equal([5, 0, 1, 0, 1, 0, 0, 0], request.Finish(2)[32..].ToArray());
    }

    [Fact]
    public void MasksTheNestedFlagOfAType()
    {
        foreach (var attribute in new NetlinkAttributes([4, 0, 18, 0x80])) Assert.Equal(18, attribute.Type);
    }

    [Fact]
    public void TheLastAttributeMayLackItsPadding()
    {
        var lengths = new List<int>();
        foreach (var attribute in new NetlinkAttributes([5, 0, 1, 0, 42])) lengths.Add(attribute.Payload.Length);
        Assert.Equal([1], lengths);
    }

    [Theory]
    [InlineData(new byte[] { 3, 0, 1, 0 })] // shorter than its own header
    [InlineData(new byte[] { 0, 0, 0, 0 })] // zero: would loop for ever
    [InlineData(new byte[] { 9, 0, 1, 0, 1, 2, 3, 4 })] // longer than what remains
    public void RejectsAnAttributeWhoseLengthLies(byte[] bytes)
    {
        var e = Assert.Throws<NetlinkException>(() =>
        {
            foreach (var _ in new NetlinkAttributes(bytes)) { }
        });
        Assert.Equal(Errno.EBADMSG, e.Errno);
    }

    [Theory]
    [InlineData(15)]
    [InlineData(0)]
    [InlineData(17)]
    [InlineData(uint.MaxValue)]
    public void RejectsAMessageWhoseLengthLies(uint length)
    {
        var datagram = new byte[16];
        BitConverter.TryWriteBytes(datagram, length);
        Assert.Throws<NetlinkException>(() =>
        {
            var messages = new NetlinkMessages(datagram);
            while (messages.MoveNext()) { }
        });
    }

    [Fact]
    public void RejectsABodyShorterThanItsHead()
    {
        Assert.Throws<NetlinkException>(() => LinkInfo.Decode(new byte[15]));
        Assert.Throws<NetlinkException>(() => InterfaceAddress.Decode(new byte[7]));
        Assert.Throws<NetlinkException>(() => Route.Decode(new byte[11]));
        Assert.Throws<NetlinkException>(() => Neighbor.Decode(new byte[11]));
        Assert.Throws<NetlinkException>(() => NetlinkFailure.Decode(new NlMsgHdr { Type = Nl.NLMSG_ERROR }, new byte[3]));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(17)]
    public void RejectsAnAddressOfAnOddLength(int length)
    {
        var body = new NetlinkRequest().Begin(0, 0, new IfAddrMsg { Family = 2 }).Add(Rtnl.IFA_LOCAL, new byte[length]).Finish(0)[16..].ToArray();
        Assert.Throws<NetlinkException>(() => InterfaceAddress.Decode(body));
    }

    [Fact]
    public void DecodesTheExtendedAckBehindACappedAndAnUncappedEcho()
    {
        byte[] text = [.. "no such thing\0"u8];
        byte[] attribute = [(byte)(4 + text.Length), 0, 1, 0, .. text];
        byte[] request = [20, 0, 0, 0, .. new byte[16]]; // 16 bytes of header and 4 of body
        byte[] error = [.. BitConverter.GetBytes(-22)];

        var capped = NetlinkFailure.Decode(new NlMsgHdr { Type = Nl.NLMSG_ERROR, Flags = Nl.NLM_F_CAPPED | Nl.NLM_F_ACK_TLVS }, (byte[])[.. error, .. request[..16], .. attribute]);
        var whole = NetlinkFailure.Decode(new NlMsgHdr { Type = Nl.NLMSG_ERROR, Flags = Nl.NLM_F_ACK_TLVS }, (byte[])[.. error, .. request, .. attribute]);
        Assert.Equal(new NetlinkFailure(Errno.EINVAL, "no such thing"), capped);
        Assert.Equal(capped, whole);
        Assert.Throws<NetlinkException>(() => NetlinkFailure.Decode(new NlMsgHdr { Type = Nl.NLMSG_ERROR, Flags = Nl.NLM_F_ACK_TLVS }, (byte[])[.. error, 200, 0, 0, 0, .. new byte[12]]));
        Assert.Null(NetlinkFailure.Decode(new NlMsgHdr { Type = Nl.NLMSG_DONE }, []));
    }

    [Fact]
    public void AFirstLegOfAMultipathRouteIsShown()
    {
        byte[] hop = [16, 0, 4, 0, 3, 0, 0, 0, 8, 0, 5, 0, 10, 0, 0, 1];
        var body = new NetlinkRequest().Begin(0, 0, new RtMsg { Family = 2, DestinationLength = 8, Type = 1 })
            .AddAddress(Rtnl.RTA_DST, IPAddress.Parse("10.0.0.0")).Add(Rtnl.RTA_MULTIPATH, [.. hop, .. hop]).Finish(0)[16..].ToArray();
        var route = Route.Decode(body)!;
        Assert.Equal((3, IPAddress.Parse("10.0.0.1"), true), (route.Interface, route.Gateway, route.OnLink));

        hop[0] = 40;
        var lying = new NetlinkRequest().Begin(0, 0, new RtMsg { Family = 2 }).Add(Rtnl.RTA_MULTIPATH, hop).Finish(0)[16..].ToArray();
        Assert.Throws<NetlinkException>(() => Route.Decode(lying));
    }

    [Fact]
    public void RandomBytesOnlyEverCauseANetlinkException()
    {
        var random = new Random(1);
        var sample = new NetlinkRequest().Begin(0, 0, new RtMsg { Family = 2, DestinationLength = 24 })
            .AddAddress(Rtnl.RTA_DST, IPAddress.Parse("10.0.0.0")).AddInt32(Rtnl.RTA_OIF, 1).AddAddress(Rtnl.RTA_GATEWAY, IPAddress.Loopback).Finish(0)[16..].ToArray();
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = (byte[])sample.Clone();
            for (var n = random.Next(1, 4); n > 0; n--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            Array.Resize(ref bytes, random.Next(bytes.Length + 1));
            foreach (var type in (ushort[])[Rtnl.RTM_NEWLINK, Rtnl.RTM_NEWADDR, Rtnl.RTM_NEWROUTE, Rtnl.RTM_NEWNEIGH])
            {
                try
                {
                    NetlinkMonitor.Decode(type, bytes);
                }
                catch (NetlinkException e) when (e.Errno == Errno.EBADMSG)
                {
                }
            }
        }
    }

    [Fact]
    public void ARuleThatLiesAboutItsPartsIsMalformed()
    {
        byte[] head = [2, 0, 0, 0, 254, 0, 0, 1, 0, 0, 0, 0];
        Assert.Equal(new RoutingRule { Priority = 5, Table = RouteTableId.Main, Protocol = RouteProtocol.Unspecified }, RoutingRule.Decode([.. head, 8, 0, 6, 0, 5, 0, 0, 0]));
        Assert.Null(RoutingRule.Decode([7, .. head[1..]])); // another family
        Assert.Throws<NetlinkException>(() => RoutingRule.Decode(head.AsSpan(0, 11)));
        Assert.Throws<NetlinkException>(() => RoutingRule.Decode([2, 33, .. head[2..]])); // a prefix of 33 bits
        Assert.Throws<NetlinkException>(() => RoutingRule.Decode([.. head, 6, 0, 24, 0, 1, 2, 0, 0])); // half a port range
        Assert.Throws<NetlinkException>(() => RoutingRule.Decode([.. head, 6, 0, 6, 0, 1, 2, 0, 0])); // half a priority
    }
}
