using Dataplane.Contracts.V1;
using Dataplane.Control.Apply;
using Dataplane.Control.Compile;
using Dataplane.Packets;
using Xunit;

namespace Dataplane.Control.Tests.Apply;

public sealed class EndpointRequestTests
{
    [Theory]
    [InlineData("10.244.1.7", null)]
    [InlineData("10.244.1.7,fd00::7", "fd00::7")]
    [InlineData("fd00::7,10.244.1.7", "fd00::7")]
    public void K27_APodHasAnIPv4AddressAndMayHaveAnIPv6One(string addresses, string? v6)
    {
        var parsed = EndpointRequest.Parse(Request(addresses), dualStack: true);
        Assert.Equal((IPv4Address.Parse("10.244.1.7"), v6 is null ? (IPv6Address?)null : IPv6Address.Parse(v6)), (parsed.Address, parsed.AddressV6));
    }

    [Theory]
    [InlineData("fd00::7", true, "addresses: 'fd00::7'", "has no IPv4 address")]
    [InlineData("10.244.1.7,10.244.1.8", true, "addresses[1]: '10.244.1.8'", "is a second address of its family")]
    [InlineData("10.244.1.7,fd00::7,fd00::8", true, "addresses[2]: 'fd00::8'", "is a second address of its family")]
    [InlineData("10.244.1.7,fd00::7", false, "addresses[1]: 'fd00::7'", "is IPv6, which this node does not carry")]
    [InlineData("10.244.1.7,fd00::7%eth0", true, "addresses[1]: 'fd00::7%eth0'", "is not an IP address")]
    public void K27_WhatCannotBeIsRefusedByField(string addresses, bool dualStack, string field, string why)
    {
        var refusal = Assert.Throws<InvalidStateException>(() => EndpointRequest.Parse(Request(addresses), dualStack));
        Assert.StartsWith(field, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(why, refusal.Message, StringComparison.Ordinal);
    }

    private static AttachEndpointRequest Request(string addresses) =>
        new() { Namespace = "default", Pod = "web-0", Netns = "/run/netns/web-0", Addresses = { addresses.Split(',') } };
}
