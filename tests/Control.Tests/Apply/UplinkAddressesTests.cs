using System.Net.NetworkInformation;
using Dataplane.Control.Apply;
using Xdp.Interop.Links;
using Xunit;

namespace Dataplane.Control.Tests.Apply;

/// <summary>At which Ethernet addresses an uplink takes frames.</summary>
public sealed class UplinkAddressesTests
{
    private static readonly LinkInfo Device = Link(2, "020000000002");

    [Fact]
    public void ThoseOfTheDeviceOfItsPortsAndOfMacvlansOnIt()
    {
        LinkInfo[] links =
        [
            Link(1, "000000000000"), Device, Link(3, "020000000003") with { MasterIndex = 2 }, Link(4, "020000000004") with { MasterIndex = 9 },
            Link(5, "00005e000105") with { Kind = "macvlan", PeerIndex = 2 }, Link(6, "020000000006") with { Kind = "macvlan", PeerIndex = 3 },
            Link(7, "020000000007") with { Kind = "macvlan", PeerIndex = 2, PeerNamespaceId = 0 }, // on a device 2 of another namespace
            Link(8, "020000000008") with { Kind = "veth", PeerIndex = 2 },
        ];
        Assert.Equal(["02:00:00:00:00:02", "02:00:00:00:00:03", "00:00:5e:00:01:05"], UplinkAddresses.Of(Device, links).Select(address => address.ToString()));
    }

    [Fact]
    public void EachOnce() => Assert.Equal(
        ["02:00:00:00:00:02"], UplinkAddresses.Of(Device, [Device, Link(3, "020000000002") with { MasterIndex = 2 }]).Select(address => address.ToString()));

    [Fact]
    public void ADeviceWithoutEthernetTakesNoFrames() =>
        Assert.True(Assert.Single(UplinkAddresses.Of(new LinkInfo { Index = 2, Name = "tun0" }, [])).IsZero);

    private static LinkInfo Link(int index, string mac) => new() { Index = index, Name = $"dev{index}", MacAddress = PhysicalAddress.Parse(mac) };
}
