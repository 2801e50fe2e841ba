using Dataplane.Conntrack;
using Dataplane.Contracts.V1;
using Dataplane.Control.Compile;
using Dataplane.Control.Telemetry;
using Dataplane.Control.Tests.Compile;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Telemetry;
using Xunit;
using Kind = Dataplane.Contracts.V1.Frontend.Types.Kind;
using Outcome = Dataplane.Contracts.V1.FlowEvent.Types.Verdict;

namespace Dataplane.Control.Tests.Telemetry;

/// <summary>What watchers are told of packets of services, of masqueraded ones, and of those that are refused.</summary>
public sealed class FlowEventsTests
{
    private const string Pod = "10.244.1.10", RemotePod = "10.244.2.12", World = "203.0.113.9", Node = "192.168.77.1", OtherNode = "192.168.77.2";
    private const uint PodIdentity = 16, RemotePodIdentity = 17;

    private static readonly NameIndex Names = MakeNames();
    private readonly FlowEvents _events = new(SampleState.ThisNode, id => id == 2 ? "eth0" : "");

    [Fact]
    public void ANodePortIsNamedAsItsServiceAtAddressesOfNodesOnly()
    {
        Assert.Equal("default/web:http", Names.ServiceOf(Address(Node), 30080, IpProtocol.Tcp));
        Assert.Equal("default/web:http", Names.ServiceOf(Address(OtherNode), 30080, IpProtocol.Tcp));
        Assert.Equal("", Names.ServiceOf(Address(World), 30080, IpProtocol.Tcp));
        Assert.Equal("", Names.ServiceOf(Address(Node), 30080, IpProtocol.Udp));
        Assert.Equal("", Names.ServiceOf(Address(Node), 30081, IpProtocol.Tcp));
        Assert.Equal("default/web:http", Names.ServiceOf(Address("198.51.100.7"), 80, IpProtocol.Tcp));
    }

    [Fact]
    public void K27_OfIPv6NodePortsAndTheWorldAreKnownAsWell()
    {
        var world = IPv6Address.Parse("2001:db8:9::9");
        Assert.Equal("default/web:http", Names.ServiceOf(SampleState.NodeAddressV6, 30080, IpProtocol.Tcp));
        Assert.Equal("", Names.ServiceOf(world, 30080, IpProtocol.Tcp));
        Assert.Equal((3u, 1u, 0u), (Names.IdentityOf(world), Names.IdentityOf(SampleState.NodeAddressV6), Names.IdentityOf(default)));
    }

    [Fact]
    public void AClientFromOutsideIsTheWorldAndItsMasqueradedSourceIsTold()
    {
        var flow = _events.Make(
            Record(World, 40000, Node, 30080) with
            {
                Translated = Tuple("10.244.1.1", 50123, RemotePod, 8080), Verdict = VerdictKind.Forward, SourceIdentity = 3, DestinationIdentity = RemotePodIdentity, InPort = 2,
            },
            Names);
        Assert.Equal(("default/web:http", RemotePod, 8080u, "default/web-2"), (flow.Service, flow.Backend, flow.BackendPort, flow.DestinationPod));
        Assert.Equal(("10.244.1.1", 50123u), (flow.MasqueradedSource, flow.MasqueradedSourcePort));
        Assert.Equal((3u, RemotePodIdentity), (flow.SourceIdentity, flow.DestinationIdentity));
        Assert.Equal((World, 40000u, Node, 30080u, "eth0", Outcome.Forwarded), (flow.Source, flow.SourcePort, flow.Destination, flow.DestinationPort, flow.InPort, flow.Verdict));
    }

    [Fact]
    public void APodThatLeavesTheClusterHasNoBackendButAMasqueradedSource()
    {
        var flow = _events.Make(
            Record(Pod, 40000, World, 443) with { Translated = Tuple(Node, 50123, World, 443), Verdict = VerdictKind.Forward, SourceIdentity = PodIdentity, DestinationIdentity = 3 }, Names);
        Assert.Equal(("", "", Node, 50123u), (flow.Service, flow.Backend, flow.MasqueradedSource, flow.MasqueradedSourcePort));
        Assert.Equal(("default/client", "", 3u), (flow.SourcePod, flow.DestinationPod, flow.DestinationIdentity));
    }

    [Fact]
    public void K36_AnotherSourcePortIsTold()
    {
        var flow = _events.Make(Record(Pod, 40000, Node, 30080) with { Translated = Tuple(Pod, 1025, RemotePod, 8080), Verdict = VerdictKind.Forward }, Names);
        Assert.Equal((Pod, 1025u), (flow.MasqueradedSource, flow.MasqueradedSourcePort));
    }

    [Fact]
    public void WhatKeepsItsAddressesHasNeitherBackendNorMasqueradedSource()
    {
        var flow = _events.Make(Record(Pod, 40000, RemotePod, 8080) with { Translated = Tuple(Pod, 40000, RemotePod, 8080), Verdict = VerdictKind.Forward }, Names);
        Assert.Equal(("", "", "", 0u), (flow.Service, flow.Backend, flow.MasqueradedSource, flow.MasqueradedSourcePort));
        Assert.Equal("default/web-2", flow.DestinationPod);
    }

    [Theory]
    [InlineData(DropReason.ServiceNoEndpoints)]
    [InlineData(DropReason.ConnectionOrphaned)]
    [InlineData(DropReason.ConntrackNoFlow)]
    public void K18_K25_WhoIsToldIsRejectedAndKnownForWhoItIs(DropReason reason)
    {
        var flow = _events.Make(Record(World, 40000, Node, 30080) with { Verdict = VerdictKind.Reply, Reason = reason }, Names);
        Assert.Equal((Outcome.Rejected, reason.ToString(), "default/web:http"), (flow.Verdict, flow.DropReason, flow.Service));
        // The client is the world; what was addressed is the service, not the node.
        Assert.Equal((3u, 0u, ""), (flow.SourceIdentity, flow.DestinationIdentity, flow.DestinationPod));
    }

    [Fact]
    public void AnAnswerThatIsNoRejectionIsForwarded() =>
        Assert.Equal(Outcome.Forwarded, _events.Make(Record(Pod, 1, Node, 2) with { Verdict = VerdictKind.Reply }, Names).Verdict);

    [Fact]
    public void OtherNodesAreKnownAndServiceAddressesAreNobody()
    {
        var flow = _events.Make(Record(OtherNode, 40000, "10.96.0.99", 80) with { Verdict = VerdictKind.Drop, Reason = DropReason.ServiceUnknown }, Names);
        Assert.Equal(("node/node-2", 2u, 0u, Outcome.Dropped), (flow.SourcePod, flow.SourceIdentity, flow.DestinationIdentity, flow.Verdict));
    }

    [Fact]
    public void ASpoofedSourceIsNotTakenForWhoItClaimsToBe()
    {
        var flow = _events.Make(Record(OtherNode, 40000, RemotePod, 80) with { Verdict = VerdictKind.Drop, Reason = DropReason.SourceSpoofed }, Names);
        Assert.Equal((0u, RemotePodIdentity), (flow.SourceIdentity, flow.DestinationIdentity));
    }

    [Fact]
    public void APodOfThisNodeHasTheIdentityOfItsWorkloadOrNone() =>
        Assert.Equal(0u, _events.Make(Record(Pod, 1, World, 2) with { Verdict = VerdictKind.Drop, Reason = DropReason.PolicyNotReady }, Names).SourceIdentity);

    [Fact]
    public void APacketWithoutAddressesHasNone()
    {
        var flow = _events.Make(new FlowRecord { Verdict = VerdictKind.Drop, Reason = DropReason.EtherTypeUnsupported, InPort = 2, Length = 86 }, Names);
        Assert.Equal(("", "", "", "", 0u, 0u, "eth0"), (flow.Source, flow.Destination, flow.Backend, flow.MasqueradedSource, flow.SourceIdentity, flow.DestinationIdentity, flow.InPort));
    }

    [Fact]
    public void P38_ADenialNamesThePoliciesThatIsolateThePodInItsDirection()
    {
        var denied = Record(World, 40000, Pod, 80) with { Verdict = VerdictKind.Drop, Reason = DropReason.PolicyDenied, Direction = TrafficDirection.Ingress, SourceIdentity = 3, DestinationIdentity = PodIdentity };
        Assert.Equal(["default/deny", "default/from-web"], _events.Make(denied, Names).DeniedBy);
        Assert.Equal(["default/egress"], _events.Make(Record(Pod, 40000, World, 80) with { Verdict = VerdictKind.Drop, Reason = DropReason.PolicyDenied, Direction = TrafficDirection.Egress }, Names).DeniedBy);
        // By the translated destination, which is what was judged.
        Assert.Equal(["default/deny", "default/from-web"], _events.Make(denied with { Tuple = Tuple(World, 40000, Node, 30080), Translated = Tuple(World, 40000, Pod, 8080) }, Names).DeniedBy);
        Assert.Empty(_events.Make(denied with { Reason = DropReason.PolicyNotReady }, Names).DeniedBy);
    }

    [Theory]
    [InlineData(World)]
    [InlineData("10.244.1.1")]
    [InlineData(Node)]
    [InlineData(RemotePod)]
    public void EveryAddressOfAFlowCanBeWatched(string address)
    {
        var flow = _events.Make(Record(World, 40000, Node, 30080) with { Translated = Tuple("10.244.1.1", 50123, RemotePod, 8080), Verdict = VerdictKind.Forward }, Names);
        Assert.True(new FlowFilter(new WatchFlowsRequest { Address = address }).Matches(flow));
        Assert.False(new FlowFilter(new WatchFlowsRequest { Address = "10.244.1.2" }).Matches(flow));
    }

    private static NameIndex MakeNames()
    {
        var service = SampleState.Service("web", "10.96.0.80", $"{RemotePod}:8080@node-2").At(Kind.NodePort, "", 30080).At(Kind.ExternalIp, "198.51.100.7", 80).At(Kind.ClusterIp, "fd00:96::80", 80);
        var state = DesiredState.From(1, new State
        {
            Services = { service },
            Nodes = { SampleState.Node(SampleState.ThisNode, Node, "10.244.1.0/24"), SampleState.Node(SampleState.OtherNode, OtherNode, "10.244.2.0/24") },
            Workloads = { new Workload { Namespace = "default", Pod = "client", Identity = PodIdentity, Policy = 1 } },
            Policies =
            {
                new Policy
                {
                    Id = 1,
                    Ingress = new PolicyDirection { Isolated = true, IsolatedBy = { "default/deny", "default/from-web" } },
                    Egress = new PolicyDirection { Isolated = true, IsolatedBy = { "default/egress" } },
                },
            },
            Identities = { new Identity { Id = PodIdentity }, new Identity { Id = RemotePodIdentity } },
            Ipcache =
            {
                new IpcacheEntry { Cidr = $"{Node}/32", Identity = 1, Owner = "node/node-1" },
                new IpcacheEntry { Cidr = $"{OtherNode}/32", Identity = 2, Owner = "node/node-2" },
                new IpcacheEntry { Cidr = $"{RemotePod}/32", Identity = RemotePodIdentity, Owner = "default/web-2" },
            },
        });
        AttachedEndpoint[] endpoints =
        [
            new()
            {
                Id = 1, Namespace = "default", Pod = "client", Address = IPv4Address.Parse(Pod), Mac = default, Port = 3, HostInterface = "dp1", PodInterface = "eth0",
                NetworkNamespace = "/run/netns/client", ContainerId = "",
            },
        ];
        return new NameIndex(state, endpoints, SampleState.Compiler().Compile(state, SampleState.Input() with { Endpoints = endpoints }));
    }

    private static FlowRecord Record(string source, ushort sourcePort, string destination, ushort port) => new() { Tuple = Tuple(source, sourcePort, destination, port) };

    private static FlowTuple<IPv6Address> Tuple(string source, ushort sourcePort, string destination, ushort port) =>
        new(Address(source), Address(destination), Be16.FromHost(sourcePort), Be16.FromHost(port), IpProtocol.Tcp);

    private static IPv6Address Address(string text) => IPv4Address.Parse(text).Widen();
}
