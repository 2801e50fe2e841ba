using System.Net;
using Dataplane.Contracts.V1;
using Dataplane.Control.Apply;
using Dataplane.Control.Compile;
using Dataplane.Control.Tests.Compile;
using Dataplane.Packets;
using Xunit;

namespace Dataplane.Control.Tests.Apply;

/// <summary>P28: whose flows end with the first state, since nobody is there who could have them.</summary>
public sealed class VacantAddressesTests
{
    private static readonly IPv6Address Gone = Wide("10.244.1.9"), GoneV6 = Wide("fd00:244:1::9");
    private static readonly DesiredState State = DesiredState.From(1, new State { Nodes = { SampleState.Node("node-1", "192.168.77.1", "10.244.1.0/24"), SampleState.Node("node-2", "192.168.77.2", "10.244.2.0/24") } });

    [Fact]
    public void P28_AnAddressOfThisNodeWithoutAPodIsVacant() => Assert.Equal([Gone, GoneV6], Find([Gone, GoneV6]));

    [Fact]
    public void P28_OneThatAPodHasOrIsToHaveIsNot()
    {
        Assert.Equal([GoneV6], Find([Gone, GoneV6], attached: Gone));
        Assert.Equal([Gone], Find([Gone, GoneV6], cutOff: GoneV6));
    }

    /// <summary>Where this node has been told of a range that is too wide, or has an address in it, others and it itself are no pods of its.</summary>
    [Fact]
    public void NorIsOneOfTheNodeItselfOrOfAnotherNodesPods() =>
        Assert.Equal([Gone], Find([Wide("10.244.1.1"), Gone, Wide("10.244.2.9"), Wide("fd00:244:1::1")]));

    private static List<IPv6Address> Find(IPv6Address[] candidates, IPv6Address? attached = null, IPv6Address? cutOff = null) => VacantAddresses.Find(
        candidates, address => address.Equals(attached), cutOff is { } one ? [one] : [], [IPAddress.Parse("10.244.1.1"), IPAddress.Parse("fd00:244:1::1")], State, "node-1");

    private static IPv6Address Wide(string text) => FieldParser.TryWide(text, out var address) ? address : throw new ArgumentException(text);
}
