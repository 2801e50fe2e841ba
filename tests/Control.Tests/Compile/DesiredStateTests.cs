using Dataplane.Contracts.V1;
using Dataplane.Control.Compile;
using Xunit;
using Kind = Dataplane.Contracts.V1.Frontend.Types.Kind;

namespace Dataplane.Control.Tests.Compile;

/// <summary>States and their changes: all or nothing, and nothing touched that need not be.</summary>
public sealed class DesiredStateTests
{
    private static readonly State None = new();

    [Fact]
    public void AnUpdatePutsAndDeletesByKey()
    {
        var first = DesiredState.From(1, SampleState.Of(SampleState.Service("a", "10.96.0.1"), SampleState.Service("b", "10.96.0.2")));
        var second = first.With(2, SampleState.Of(SampleState.Service("c", "10.96.0.3"), SampleState.Service("a", "10.96.0.4")), SampleState.Of(SampleState.Service("b", "")));
        Assert.Equal(["a", "c"], second.Services.Values.Select(s => s.Name).Order());
        Assert.Equal("10.96.0.4", second.Services.Values.Single(s => s.Name == "a").Frontends[0].Address);
        Assert.Equal(2, first.Services.Count);
        Assert.Equal(2ul, second.Generation);
    }

    [Fact]
    public void WhatAnUpdateDoesNotTouchIsTheSameInstance()
    {
        var first = DesiredState.From(1, new State { Nodes = { SampleState.Node("node-1", "192.168.77.1", "10.244.1.0/24") }, Services = { SampleState.Service("a", "10.96.0.1") } });
        var second = first.With(2, SampleState.Of(SampleState.Service("b", "10.96.0.2")), None);
        Assert.Same(first.Nodes, second.Nodes);
        Assert.Same(first.Ipcache, second.Ipcache);
        Assert.Same(first.Policies, second.Policies);
        Assert.NotSame(first.Services, second.Services);
        Assert.Same(first.Services.Values.First(), second.Services.Values.Single(s => s.Name == "a"));
    }

    [Theory]
    [InlineData("", "", true)]
    [InlineData("", "one", true)] // attached by hand
    [InlineData("one", "", true)] // manifests without UIDs
    [InlineData("one", "one", true)]
    [InlineData("one", "two", false)]
    public void P28_AWorkloadOfAnotherPodOfTheSameNameIsNotTheEndpoints(string attached, string sent, bool known)
    {
        var state = DesiredState.From(1, new State { Workloads = { new Workload { Namespace = "shop", Pod = "web-0", Identity = 16, Uid = sent } } });
        var endpoint = new AttachedEndpoint
        {
            Id = 1, Namespace = "shop", Pod = "web-0", Address = default, Mac = default, Port = 1, HostInterface = "dp1", PodInterface = "eth0",
            NetworkNamespace = "/run/netns/x", ContainerId = "c1", Uid = attached,
        };
        Assert.Equal(known, state.WorkloadOf(endpoint) is not null);
        Assert.Null(state.WorkloadOf(endpoint with { Pod = "web-1" }));
    }

    [Fact]
    public void AKeyThatStandsTwiceIsRefused()
    {
        var fault = Assert.Throws<InvalidStateException>(() => DesiredState.From(1, SampleState.Of(SampleState.Service("a", "10.96.0.1"), SampleState.Service("a", "10.96.0.2"))));
        Assert.Contains("1 entries", fault.Message);
    }

    public static TheoryData<string, Service> BadServices() => new()
    {
        { "state.services[0].frontends[0].address: '10.96.0' is not an IP address", SampleState.Service("a", "10.96.0") },
        { "state.services[0].frontends[1].kind: '0' is not a kind", SampleState.Service("a", "10.96.0.1").At(Kind.Unspecified, "10.96.0.1", 81) },
        { "state.services[0].frontends[1].kind: '9' is not a kind", SampleState.Service("a", "10.96.0.1").At((Kind)9, "10.96.0.1", 81) },
        { "state.services[0].frontends[1].address: '10.0.0.1' must be empty for a node port", SampleState.Service("a", "10.96.0.1").At(Kind.NodePort, "10.0.0.1", 30080) },
        { "state.services[0].frontends[1].address: '' is not an IP address", SampleState.Service("a", "10.96.0.1").At(Kind.ExternalIp, "", 80) },
        { "state.services[0].frontends[1].port: '0' is not a port", SampleState.Service("a", "10.96.0.1").At(Kind.HostPort, "", 0) },
        { "state.services[0].backends[0].port: '70000' is not a port", SampleState.Service("a", "10.96.0.1", "10.244.1.1:70000") },
        { "state.services[0].backends[0].use: '9' is not a use", new Service(SampleState.Service("a", "10.96.0.1")) { Backends = { new Backend { Address = "10.244.1.1", Port = 1, Use = (Backend.Types.Use)9 } } } },
        { "state.services[0].source_ranges[0]: '10.0.0.1/8' has host bits set", new Service(SampleState.Service("a", "10.96.0.1")) { SourceRanges = { "10.0.0.1/8" } } },
        { "state.services[0].health_check_port: '65536' is not a port", new Service(SampleState.Service("a", "10.96.0.1")) { HealthCheckPort = 65536 } },
        { "state.services[0].protocol: 'Icmp' is not a service protocol", new Service(SampleState.Service("a", "10.96.0.1")) { Protocol = Protocol.Icmp } },
    };

    [Theory]
    [MemberData(nameof(BadServices))]
    public void ABadFieldNamesItself(string expected, Service service) =>
        Assert.StartsWith(expected, Assert.Throws<InvalidStateException>(() => DesiredState.From(1, SampleState.Of(service))).Message, StringComparison.Ordinal);
}
