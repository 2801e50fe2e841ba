using Dataplane.Contracts.V1;
using Xunit;

namespace Dataplane.Cli.Tests.Verbs;

public sealed class EndpointVerbTests
{
    [Fact]
    public async Task K27_AddSendsWhatWasTypedAndPrintsWhatWasMade()
    {
        var control = new FakeControl
        {
            Attached = new()
            {
                Gateway = "10.244.1.1",
                GatewayV6 = "fd00::1",
                Mtu = 65535,
                Endpoint = new()
                {
                    Id = 9, Namespace = "default", Pod = "web-0", Addresses = { "10.244.1.7", "fd00::7" }, HostInterface = "dp9",
                    Mac = "0a:00:00:00:00:09", State = "waiting-for-policy",
                },
            },
        };
        string text = await DpctlRun.Print(
            "endpoint add --pod default/web-0 --ip 10.244.1.7,fd00::7 --netns /run/netns/web --ifname net1", control);
        Assert.Equal(
            "default/web-0 attached as endpoint 9: 10.244.1.7,fd00::7 on dp9 (0a:00:00:00:00:09), gateway 10.244.1.1,fd00::1, mtu 65535, waiting-for-policy\n",
            text);
        Assert.Equal(
            new AttachEndpointRequest
            {
                Namespace = "default", Pod = "web-0", Addresses = { "10.244.1.7", "fd00::7" }, Netns = "/run/netns/web", Interface = "net1",
            },
            control.Request<AttachEndpointRequest>());
    }

    [Fact]
    public async Task AddUsesEth0AndAnAbsolutePath()
    {
        var control = new FakeControl { Attached = new() { Endpoint = new() } };
        await DpctlRun.Print("endpoint add --pod default/web-0 --ip 10.244.1.7 --netns ./netns/web", control);
        var request = control.Request<AttachEndpointRequest>();
        Assert.Equal("eth0", request.Interface);
        Assert.Equal(Path.GetFullPath("netns/web"), request.Netns);
    }

    [Fact]
    public async Task K27_TheFamiliesMayComeInAnyOrder()
    {
        var control = new FakeControl { Attached = new() { Endpoint = new(), Gateway = "10.244.1.1" } };
        string text = await DpctlRun.Print("endpoint add --pod default/web-0 --ip fd00::7,10.244.1.7 --netns /run/netns/web", control);
        Assert.Equal(["fd00::7", "10.244.1.7"], control.Request<AttachEndpointRequest>().Addresses);
        Assert.Contains("gateway 10.244.1.1, mtu", text, StringComparison.Ordinal); // of a pod without IPv6
    }

    [Theory]
    [InlineData(true, "default/web-0 detached\n")]
    [InlineData(false, "default/web-0 was not attached\n")]
    public async Task DeleteSaysWhetherThereWasAnything(bool removed, string expected)
    {
        var control = new FakeControl { Detached = new() { Removed = removed } };
        Assert.Equal(expected, await DpctlRun.Print("endpoint delete --pod default/web-0", control));
        Assert.Equal(new DetachEndpointRequest { Namespace = "default", Pod = "web-0" }, control.Request<DetachEndpointRequest>());
    }
}
