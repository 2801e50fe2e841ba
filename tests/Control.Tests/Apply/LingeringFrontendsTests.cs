using Dataplane.Conntrack;
using Dataplane.Control.Apply;
using Dataplane.Control.Compile;
using Dataplane.Headers;
using Dataplane.Packets;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Dataplane.Control.Tests.Apply;

/// <summary>Packets of connections to a frontend that has gone are still led here (K18).</summary>
public sealed class LingeringFrontendsTests
{
    private static readonly IPv4Address Node = new(192, 168, 77, 1), Balancer = new(198, 51, 100, 7), Client = new(203, 0, 113, 9), Pod = new(10, 244, 1, 9);
    private static readonly ExternalFrontend<IPv4Address> NodePort = new(default, 30080, IpProtocol.Tcp), Address = new(Balancer, 80, IpProtocol.Tcp), Other = new(Balancer, 81, IpProtocol.Tcp);

    [Fact]
    public void K18_FrontendsThatGoLingerUntilTheyAreForgottenOrComeBack()
    {
        var frontends = new LingeringFrontends<IPv4Address>();
        Assert.False(frontends.Follow(Set(NodePort, Address)));
        Assert.Equal(Set(NodePort, Address), frontends.All);
        Assert.Empty(frontends.Gone);

        Assert.True(frontends.Follow(Set(Other)));
        Assert.Equal(Set(NodePort, Address, Other), frontends.All);
        Assert.False(frontends.Follow(Set(Other, NodePort))); // it has come back: nothing new has gone
        Assert.Equal(Set(Address), frontends.Gone);

        Assert.False(frontends.Forget([NodePort])); // it is a service's
        var kept = frontends.Gone;
        Assert.True(frontends.Forget([Address]));
        Assert.Empty(frontends.Gone);
        Assert.Equal(Set(Address), kept); // others may have it
        Assert.Equal(Set(NodePort, Other), frontends.All);
    }

    [Fact]
    public void TheSameFrontendsAreTheSameInstance()
    {
        var frontends = new LingeringFrontends<IPv4Address>();
        var services = Set(NodePort, Address);
        frontends.Follow(services);
        Assert.Same(services, frontends.All);
        frontends.Follow(Set(Address));
        Assert.Same(frontends.All, frontends.All);
    }

    [Fact]
    public void K18_FrontendsOfAnEarlierProcessesConnectionsLingerFromTheStart()
    {
        var frontends = new LingeringFrontends<IPv4Address>();
        Assert.True(frontends.Linger(Set(NodePort, Address)));
        Assert.Equal(Set(NodePort, Address), frontends.Gone);
        Assert.False(frontends.Follow(Set(NodePort, Other))); // the first services: one of them is there
        Assert.Equal(Set(Address), frontends.Gone);
        Assert.Equal(Set(NodePort, Other, Address), frontends.All);
        Assert.False(new LingeringFrontends<IPv4Address>().Linger([]));
    }

    [Fact]
    public void K18_AFrontendIsInUseWhileAConnectionToItGoesOn()
    {
        ExternalFrontend<IPv4Address>[] gone = [NodePort, Address, Other];
        Assert.Equal(Set(NodePort), Used(Flow(Node, 30080)));
        Assert.Equal(Set(Address), Used(Flow(Balancer, 80)));
        Assert.Empty(Used(Flow(Balancer, 82), Flow(Node, 80), Flow(Node, 30080) with { State = FlowState.Closed }, Flow(Node, 30080) with { State = FlowState.TimeWait }));
        Assert.Empty(Used(Flow(Node, 30080) with { Flags = 0 })); // to a process of the node, not to a service

        HashSet<ExternalFrontend<IPv4Address>> Used(params ConntrackEntry<IPv4Address>[] flows) => FrontendRetirement<IPv4Address>.Used(flows, gone);
    }

    [Fact]
    public async Task WhatIsNotInUseIsForgottenSoonAndTheRestIsNot()
    {
        var forgotten = new TaskCompletionSource<IReadOnlyCollection<ExternalFrontend<IPv4Address>>>();
        using var retirement = new FrontendRetirement<IPv4Address>(() => [NodePort, Address], _ => [Address], forgotten.SetResult, NullLogger.Instance);
        retirement.Start();
        Assert.Equal([NodePort], await forgotten.Task.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    private static HashSet<ExternalFrontend<IPv4Address>> Set(params ExternalFrontend<IPv4Address>[] frontends) => [.. frontends];

    private static ConntrackEntry<IPv4Address> Flow(IPv4Address address, ushort port) => new()
    {
        Original = new FlowTuple<IPv4Address>(Client, address, Be16.FromHost(40_000), Be16.FromHost(port), IpProtocol.Tcp),
        Reply = new FlowTuple<IPv4Address>(Pod, Client, Be16.FromHost(8080), Be16.FromHost(40_000), IpProtocol.Tcp),
        State = FlowState.Established,
        Flags = FlowFlags.Service,
    };
}
