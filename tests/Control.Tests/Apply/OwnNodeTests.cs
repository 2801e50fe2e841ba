using Dataplane.Contracts.V1;
using Dataplane.Control.Apply;
using Dataplane.Control.Compile;
using Dataplane.Control.Options;
using Dataplane.Packets;
using Xunit;

namespace Dataplane.Control.Tests.Apply;

public sealed class OwnNodeTests
{
    private static readonly DataplaneOptions Options = OptionLoader.Load(["--node-name", "node-1", "--node-ip", "192.168.77.1", "--pod-cidr", "10.244.1.0/24", "--uplink", "none"]);

    [Theory]
    [InlineData("10.244.1.0/24")]
    [InlineData("10.244.1.0/24", "fd00:10:244:1::/64")] // a family that this process does not carry
    [InlineData]
    public void ANodeObjectThatSaysTheSame_OrNothing_IsNoProblem(params string[] cidrs) => Assert.Empty(OwnNode.FindProblems(State("node-1", cidrs), Options, [Pod("10.244.1.7")]));

    [Fact]
    public void ANodeObjectWithAnotherRangeIsNamedWithBothRanges()
    {
        string problem = Assert.Single(OwnNode.FindProblems(State("node-1", "10.244.9.0/24"), Options, []));
        Assert.StartsWith("pod-cidr is 10.244.1.0/24, and the Node object node-1 has podCIDRs 10.244.9.0/24: ", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void TheRangesOfOtherNodesAreTheirs() => Assert.Null(OwnNode.FindProblem(State("node-2", "10.244.9.0/24"), Options));

    [Fact]
    public void APodOutsideOfTheRangeIsNamed()
    {
        string problem = Assert.Single(OwnNode.FindProblems(DesiredState.Empty, Options, [Pod("10.244.1.7"), Pod("10.244.2.7")]));
        Assert.StartsWith("pod shop/web has 10.244.2.7, outside of pod-cidr 10.244.1.0/24: other nodes do not reach it", problem, StringComparison.Ordinal);
    }

    private static DesiredState State(string name, params string[] cidrs) =>
        DesiredState.From(1, new State { Nodes = { new Node { Name = name, Addresses = { "192.168.77.1" }, PodCidrs = { cidrs } } } });

    private static AttachedEndpoint Pod(string address) => new()
    {
        Id = 1, Namespace = "shop", Pod = "web", Address = IPv4Address.Parse(address), Mac = default, Port = 1, HostInterface = "dp0", PodInterface = "eth0", NetworkNamespace = "", ContainerId = "",
    };
}
