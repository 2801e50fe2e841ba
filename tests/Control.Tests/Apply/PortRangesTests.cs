using Dataplane.Control.Apply;
using Xunit;

namespace Dataplane.Control.Tests.Apply;

public sealed class PortRangesTests
{
    [Theory]
    [InlineData("", "", 0)]
    [InlineData("22", "22", 1)]
    [InlineData("30000-32767", "30000-32767", 2768)]
    [InlineData("5,4,3-3,1-2", "1-5", 5)]
    [InlineData(" 7 , 9-10 \n", "7,9-10", 3)]
    [InlineData("0-65535", "0-65535", 65536)]
    public void ReadsAndWritesAsTheKernelDoes(string text, string written, int count)
    {
        var ranges = PortRanges.Parse(text);
        Assert.Equal((written, count), (ranges.ToString(), ranges.Count));
        Assert.Equal(ranges, PortRanges.Parse(written));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("65536")]
    [InlineData("-1")]
    [InlineData("5-4")]
    [InlineData("1-2-3")]
    public void WhatIsNoListIsNotTakenForOne(string text) => Assert.Throws<FormatException>(() => PortRanges.Parse(text));

    [Fact]
    public void UnionAndDifference()
    {
        var a = PortRanges.Parse("1-10,65535");
        var b = PortRanges.Of(8, 12);
        Assert.Equal("1-12,65535", a.Union(b).ToString());
        Assert.Equal("1-7,65535", a.Except(b).ToString());
        Assert.Equal("11-12", b.Except(a).ToString());
        Assert.Equal("1-10,65535", a.ToString());
        Assert.Equal(PortRanges.Empty, a.Except(a));
        Assert.NotEqual(a, b);
    }
}
