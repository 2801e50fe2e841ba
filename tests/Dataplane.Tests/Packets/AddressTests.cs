using System.Net;
using Dataplane.Packets;
using Xunit;

namespace Dataplane.Tests.Packets;

/// <summary>Addresses as text and as bytes.</summary>
public sealed class AddressTests
{
    [Theory]
    [InlineData("0.0.0.0", true)]
    [InlineData("255.255.255.255", true)]
    [InlineData("10.244.1.10", true)]
    [InlineData("", false)]
    [InlineData("10", false)]
    [InlineData("10.244.1", false)]
    [InlineData("10.244.1.", false)]
    [InlineData("10.244.1.10.", false)]
    [InlineData("10.244.1.10.5", false)]
    [InlineData("10.244.1.256", false)]
    [InlineData("10.244.1.-1", false)]
    [InlineData("10.244.1.+1", false)]
    [InlineData("10.244. 1.1", false)]
    [InlineData("10.244.1.1000", false)]
    [InlineData("10..1.1", false)]
    [InlineData("0x0a.0.0.1", false)]
    public void ReadsIPv4Text(string text, bool valid)
    {
        Assert.Equal(valid, IPv4Address.TryParse(text, out var address));
        if (!valid) return;
        Assert.Equal(text, address.ToString());
        var bytes = new byte[4];
        address.CopyTo(bytes);
        Assert.Equal(IPAddress.Parse(text).GetAddressBytes(), bytes);
        Assert.Equal(address, IPv4Address.Read(bytes));
    }

    [Theory]
    [InlineData(0, "0.0.0.0")]
    [InlineData(1, "128.0.0.0")]
    [InlineData(8, "203.0.0.0")]
    [InlineData(25, "203.255.113.128")]
    [InlineData(31, "203.255.113.254")]
    [InlineData(32, "203.255.113.255")]
    public void MasksHostBits(int length, string expected) => Assert.Equal(expected, IPv4Address.Parse("203.255.113.255").Mask(length).ToString());

    [Theory]
    [InlineData("223.255.255.255", false)]
    [InlineData("224.0.0.0", true)]
    [InlineData("239.255.255.255", true)]
    [InlineData("255.255.255.255", true)]
    public void KnowsGroups(string address, bool group) => Assert.Equal(group, IPv4Address.Parse(address).IsGroup);

    [Theory]
    [InlineData("0e:64:0a:00:00:01", true)]
    [InlineData("FF:FF:FF:FF:FF:FF", true)]
    [InlineData("0e:64:0a:00:00", false)]
    [InlineData("0e:64:0a:00:00:01:", false)]
    [InlineData("0e-64-0a-00-00-01", false)]
    [InlineData("0e:64:0a:00:00:0g", false)]
    [InlineData("", false)]
    public void ReadsEthernetText(string text, bool valid)
    {
        Assert.Equal(valid, MacAddress.TryParse(text, out var address));
        if (valid) Assert.Equal(text, address.ToString(), ignoreCase: true);
    }

    [Fact]
    public void KnowsWhatKindOfEthernetAddressItIs()
    {
        Assert.True(default(MacAddress).IsZero);
        Assert.True(MacAddress.Broadcast.IsGroup);
        Assert.True(new MacAddress([1, 0, 0x5e, 0, 0, 0xfb]).IsGroup);
        Assert.False(new MacAddress([2, 0, 0x5e, 0, 0, 0xfb]).IsGroup);
    }

    [Fact]
    public void NumbersKeepNetworkOrderInMemory()
    {
        Assert.Equal([0x12, 0x34], BitConverter.GetBytes(Be16.FromHost(0x1234).Raw));
        Assert.Equal([0x12, 0x34, 0x56, 0x78], BitConverter.GetBytes(Be32.FromHost(0x12345678).Raw));
        Assert.Equal(0x1234, Be16.FromHost(0x1234).Value);
        Assert.Equal(0x12345678u, Be32.FromHost(0x12345678).Value);
    }
}
