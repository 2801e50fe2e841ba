using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>
/// What the uplink's program took for ours and the node's own stack gets all the same, and what that says to it: the mark of what we deliver
/// leads resets, ICMP errors and the segments of connections accepted from it back to us.
/// </summary>
public abstract class HostAnswerTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private const int Ours = 50_000; // within the range of translated sources, and no flow's

    private static PathHarnessOf<TAddress> Path => new SampleServicesOf<TAddress>().Path();

    [Fact]
    public void AResetOfTheNodesStackGoesOutAsItIs()
    {
        foreach (var client in (TAddress[])[Client, RemoteNode])
        {
            var path = Path;
            PathAssert.Forwarded(HostPort, path.FromUplink(Ip(client, NodeAddress).Tcp(40_000, Ours, TcpHeader.Ack).Payload(30)));
            byte[] reset = Ip(NodeAddress, client).TimeToLive(64).Tcp(Ours, 40_000, TcpHeader.Rst).Build();
            var result = path.FromHost(reset);
            var packet = PathAssert.Forwarded(UplinkPort, result);
            Assert.Null(packet.Inner); // the other node has asked on the underlay
            Assert.Equal(SampleNode.NextHopMac, packet.DestinationMac);
            PacketAssert.Equal(reset.AsSpan(EthernetHeader.Size), result.Bytes.AsSpan(EthernetHeader.Size));
            Assert.Equal(0, path.Context.Flows.Counters.InUse);
        }
    }

    [Fact]
    public void SoDoesAnIcmpErrorAboutADatagram()
    {
        var path = Path;
        byte[] datagram = Ip(Client, NodeAddress).Udp(40_000, Ours).Payload(30).Build();
        PathAssert.Forwarded(HostPort, path.FromUplink(datagram));
        byte[] error = Ip(NodeAddress, Client).Error(IcmpError.PortUnreachable).Payload(datagram.AsSpan(EthernetHeader.Size)).Build();
        var result = path.FromHost(error);
        PathAssert.Forwarded(UplinkPort, result);
        PacketAssert.Equal(error.AsSpan(EthernetHeader.Size), result.Bytes.AsSpan(EthernetHeader.Size));
    }

    /// <summary>Where the underlay is not known the stack routes; a stack that routes it back here must not be kept busy.</summary>
    [Fact]
    public void TheStackGetsItBackWhereOnlyItKnowsTheWayButNotWithoutEnd()
    {
        var services = new SampleServicesOf<TAddress>();
        services.Node.Underlay = Dataplane.Tables.UnderlayTable<TAddress>.Empty;
        var path = services.Path();
        var reset = Ip(NodeAddress, Client).Tcp(Ours, 40_000, TcpHeader.Rst);
        int passed = 0;
        for (; path.FromHost(reset).Verdict is { Kind: VerdictKind.Forward, Port: HostPort } && passed < 10_000; passed++) { }
        Assert.Equal(1000, passed);
        PathAssert.Dropped(DropReason.IcmpRateLimited, path.FromHost(reset));
    }

    [Fact]
    public void WhatElseTheStackSendsOutsideOfItsConnectionsIsDropped()
    {
        var path = Path;
        foreach (byte flags in (byte[])[TcpHeader.Syn | TcpHeader.Ack, TcpHeader.Ack, TcpHeader.Fin | TcpHeader.Ack])
            PathAssert.Dropped(DropReason.ConntrackNoFlow, path.FromHost(Ip(NodeAddress, Client).Tcp(Ours, 40_000, flags)));
    }

    [Fact]
    public void ResetsToPodsAndServicesOrFromOthersAreDropped()
    {
        var path = new SampleServicesOf<TAddress>().Add([PodB], [PodB]).Path();
        foreach (var (from, to) in ((TAddress, TAddress)[])[(NodeAddress, PodA), (NodeAddress, RemotePod), (Client, Partner), (NodeAddress, ExternalIp)])
            PathAssert.Dropped(DropReason.ConntrackNoFlow, path.FromHost(Ip(from, to).Tcp(Ours, ServicePort, TcpHeader.Rst)));
        PathAssert.Dropped(DropReason.IcmpErrorUnrelated, path.FromHost(Ip(NodeAddress, PodA).Error(IcmpError.PortUnreachable).Payload(Ip(PodA, NodeAddress).Udp(1, 2).BuildIp())));
    }

    /// <summary>The program may not know yet that a frontend has gone: then the connection must work by us.</summary>
    [Fact]
    public void K18_AConnectionThatFindsNoServiceIsTheNodesAndItsAnswersAreKnown()
    {
        foreach (var client in (TAddress[])[Client, RemoteNode])
        {
            var path = Path;
            byte[] syn = Ip(client, NodeAddress).TimeToLive(60).Tcp(40_000, NodePort, TcpHeader.Syn).Build();
            var delivered = path.FromUplink(syn);
            PathAssert.Forwarded(HostPort, delivered);
            PacketAssert.Equal(syn.AsSpan(EthernetHeader.Size), delivered.Bytes.AsSpan(EthernetHeader.Size));
            byte[] answer = Ip(NodeAddress, client).TimeToLive(64).Tcp(NodePort, 40_000, TcpHeader.Syn | TcpHeader.Ack).Build();
            foreach (uint revision in (uint[])[1, 2]) // also after the flow was judged anew
            {
                var tables = new SampleServicesOf<TAddress>();
                tables.Node.Revision = revision;
                path.Tables = tables.Node.Build();
                var result = path.FromHost(answer);
                Assert.Null(PathAssert.Forwarded(UplinkPort, result).Inner);
                PacketAssert.Equal(answer.AsSpan(EthernetHeader.Size), result.Bytes.AsSpan(EthernetHeader.Size));
            }
            PathAssert.Forwarded(HostPort, path.FromUplink(Ip(client, NodeAddress).Tcp(40_000, NodePort, TcpHeader.Ack).Payload(100)));
            PathAssert.Forwarded(UplinkPort, path.FromHost(Ip(NodeAddress, client).Tcp(NodePort, 40_000, TcpHeader.Ack).Payload(100)));
            PathAssert.Forwarded(UplinkPort, path.FromHost(Ip(NodeAddress, client).Tcp(NodePort, 40_000, TcpHeader.Rst)));
            Assert.Equal(1, path.Context.Flows.Counters.InUse);
        }
    }

    /// <summary>Without us the node's stack judges whose packets it takes; it takes its own from the host port only, where it cannot.</summary>
    [Fact]
    public void TheNodesStackJudgesWhoMaySpeakToItButForTheNodeItself()
    {
        var path = Path;
        foreach (var source in (TAddress[])[RemotePod, NoPod, LostPod, Partner])
        {
            PathAssert.Forwarded(HostPort, path.FromUplink(Ip(source, NodeAddress).Udp(40_000, Ours).Payload(20)));
            PathAssert.Forwarded(HostPort, path.FromUplink(Ip(source, NodeAddress).Tcp(40_000, Ours, TcpHeader.Ack)));
        }
        foreach (var source in (TAddress[])[NodeAddress, Gateway, HostPeer, Address("127.0.0.1", "::1"), Address("224.0.0.1", "ff02::1")])
        {
            PathAssert.Dropped(DropReason.SourceSpoofed, TrafficDirection.Ingress, path.FromUplink(Ip(source, NodeAddress).Udp(40_000, Ours).Payload(20)));
            PathAssert.Dropped(DropReason.SourceSpoofed, TrafficDirection.Ingress, path.FromUplink(Ip(source, NodeAddress).Tcp(40_000, Ours, TcpHeader.Ack)));
        }
        // A flow would be in the way of the pod's own.
        PathAssert.Dropped(DropReason.SourceSpoofed, TrafficDirection.Ingress, path.FromUplink(Ip(RemotePod, NodeAddress).Tcp(40_000, Ours, TcpHeader.Syn)));
        Assert.Equal(0, path.Context.Flows.Counters.InUse);
    }
}
