using Dataplane.Contracts.V1;
using Dataplane.Control.Apply;
using Dataplane.Control.Compile;
using Dataplane.Control.Options;
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
        var parsed = EndpointRequest.Parse(Request(addresses), Options(dualStack: true));
        Assert.Equal((IPv4Address.Parse("10.244.1.7"), v6 is null ? (IPv6Address?)null : IPv6Address.Parse(v6)), (parsed.Address, parsed.AddressV6));
    }

    [Theory]
    [InlineData("fd00::7", true, "addresses: 'fd00::7'", "has no IPv4 address")]
    [InlineData("10.244.1.7,10.244.1.8", true, "addresses[1]: '10.244.1.8'", "is a second address of its family")]
    [InlineData("10.244.1.7,fd00::7,fd00::8", true, "addresses[2]: 'fd00::8'", "is a second address of its family")]
    [InlineData("10.244.1.7,fd00::7", false, "addresses[1]: 'fd00::7'", "is IPv6, which this node does not carry")]
    [InlineData("10.244.1.1", false, "addresses[0]: '10.244.1.1'", "is the pods' gateway; give the pod another one, of 10.244.1.0/24")]
    [InlineData("10.244.1.0", false, "addresses[0]: '10.244.1.0'", "is the address of the pods' network itself")]
    [InlineData("10.244.1.255", false, "addresses[0]: '10.244.1.255'", "is the broadcast address of the pods' network")]
    [InlineData("192.168.77.1", false, "addresses[0]: '192.168.77.1'", "is this node's own address (node-ip)")]
    [InlineData("10.244.1.7,fd00:10:244:1::1", true, "addresses[1]: 'fd00:10:244:1::1'", "is the pods' gateway")]
    [InlineData("10.244.1.7,fd00:10:244:1::", true, "addresses[1]: 'fd00:10:244:1::'", "is the address of the pods' network itself")]
    [InlineData("10.244.1.7,fd00:77::1", true, "addresses[1]: 'fd00:77::1'", "is this node's own address (node-ip)")]
    [InlineData("10.244.1.7,fd00::7%eth0", true, "addresses[1]: 'fd00::7%eth0'", "is not an IP address")]
    public void K27_WhatCannotBeIsRefusedByField(string addresses, bool dualStack, string field, string why)
    {
        var refusal = Assert.Throws<InvalidStateException>(() => EndpointRequest.Parse(Request(addresses), Options(dualStack)));
        Assert.StartsWith(field, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(why, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.244.1.254")]
    [InlineData("10.244.1.2")]
    [InlineData("10.250.0.255")] // the last of no network of ours
    public void AnyOtherAddressIsTaken(string address) =>
        Assert.Equal(IPv4Address.Parse(address), EndpointRequest.Parse(Request(address), Options(dualStack: false)).Address);

    private static DataplaneOptions Options(bool dualStack) => OptionLoader.Load(dualStack
        ? ["--node-ip", "192.168.77.1,fd00:77::1", "--pod-cidr", "10.244.1.0/24,fd00:10:244:1::/64", "--cluster-cidr", "10.244.0.0/16,fd00:10:244::/48", "--service-cidr", "10.96.0.0/12,fd00:10:96::/112", "--uplink", "none"]
        : ["--node-ip", "192.168.77.1", "--pod-cidr", "10.244.1.0/24", "--uplink", "none"]);

    private static AttachEndpointRequest Request(string addresses) =>
        new() { Namespace = "default", Pod = "web-0", Netns = "/run/netns/web-0", Addresses = { addresses.Split(',') } };
}
