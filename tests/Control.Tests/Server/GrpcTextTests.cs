using Dataplane.Contracts.Grpc;
using Xunit;

namespace Dataplane.Control.Tests.Server;

/// <summary>The text forms of gRPC's headers, and of addresses.</summary>
public sealed class GrpcTextTests
{
    [Theory]
    [InlineData("1n", 1)]
    [InlineData("150n", 2)]
    [InlineData("7u", 70)]
    [InlineData("20m", 20 * TimeSpan.TicksPerMillisecond)]
    [InlineData("3S", 3 * TimeSpan.TicksPerSecond)]
    [InlineData("2M", 2 * TimeSpan.TicksPerMinute)]
    [InlineData("99999999H", 99_999_999 * TimeSpan.TicksPerHour)]
    public void TimeoutIsRead(string text, long ticks)
    {
        Assert.True(GrpcTimeout.TryParse(text, out var timeout));
        Assert.Equal(ticks, timeout.Ticks);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("S")]
    [InlineData("-1S")]
    [InlineData(" 1S")]
    [InlineData("1s")]
    [InlineData("123456789S")]
    public void MalformedTimeoutIsRefused(string text) => Assert.False(GrpcTimeout.TryParse(text, out _));

    [Theory]
    [InlineData(0, "1n")]
    [InlineData(-5, "1n")]
    [InlineData(1, "1u")]
    [InlineData(TimeSpan.TicksPerSecond, "1000000u")]
    [InlineData(1000 * TimeSpan.TicksPerSecond + 1, "1000001m")]
    [InlineData(long.MaxValue, "99999999H")]
    public void TimeoutIsWrittenInTheFinestUnitThatHoldsIt(long ticks, string text) =>
        Assert.Equal(text, GrpcTimeout.Format(TimeSpan.FromTicks(ticks)));

    [Theory]
    [InlineData("", "")]
    [InlineData("plain text, 'quoted'", "plain text, 'quoted'")]
    [InlineData("100%", "100%25")]
    [InlineData("a\nb\tc", "a%0Ab%09c")]
    [InlineData("ü€", "%C3%BC%E2%82%AC")]
    public void MessageIsPercentEncodedAndBack(string text, string encoded)
    {
        Assert.Equal(encoded, PercentEncoding.Encode(text));
        Assert.Equal(text, PercentEncoding.Decode(encoded));
    }

    [Theory]
    [InlineData("50% of%2", "50% of%2")]
    [InlineData("%zz%41", "%zzA")]
    public void WhatIsNoEscapeIsKept(string encoded, string text) => Assert.Equal(text, PercentEncoding.Decode(encoded));

    [Theory]
    [InlineData("unix:///run/dataplane/control.sock", "/run/dataplane/control.sock")]
    [InlineData("unix:/run/x.sock", "/run/x.sock")]
    public void UnixAddressIsAPath(string address, string path) => Assert.Equal(path, UnixSocketAddress.ParsePath(address));

    [Theory]
    [InlineData("/run/x.sock")]
    [InlineData("unix://run/x.sock")]
    [InlineData("http://127.0.0.1:80")]
    [InlineData("unix:///")]
    [InlineData("")]
    public void OtherAddressesAreRefused(string address) => Assert.Throws<ArgumentException>(() => UnixSocketAddress.ParsePath(address));

    [Fact]
    public void TooLongAPathIsRefused() =>
        Assert.Contains("at most 107 bytes", Assert.Throws<ArgumentException>(() => UnixSocketAddress.ParsePath("unix:///" + new string('a', 107))).Message, StringComparison.Ordinal);
}
