using Dataplane.Control.Apply;
using Xdp.Interop;
using Xunit;

namespace Dataplane.Control.Tests.Apply;

/// <summary>Every queue of every device has a slot of its own.</summary>
public sealed class SlotRangesTests
{
    [Fact]
    public void RangesDoNotOverlapAndGapsAreFilled()
    {
        var slots = new SlotRanges(16);
        Assert.Equal([0u, 4u, 5u, 8u], [slots.Take(4), slots.Take(1), slots.Take(3), slots.Take(2)]);
        slots.Return(4);
        slots.Return(5);
        Assert.Equal(10u, slots.Take(5)); // the gap holds four
        Assert.Equal(4u, slots.Take(4));
        slots.Return(0);
        Assert.Equal([0u, 1u, 3u], [slots.Take(1), slots.Take(2), slots.Take(1)]);
    }

    [Fact]
    public void WhatDoesNotFitIsRefusedAndTakesNothing()
    {
        var slots = new SlotRanges(8);
        Assert.Equal(0u, slots.Take(5));
        var refused = Assert.Throws<XdpException>(() => slots.Take(4));
        Assert.Equal(Errno.ENOSPC, refused.Errno);
        Assert.Contains("4 slots in a row", refused.Message, StringComparison.Ordinal);
        Assert.Equal(5u, slots.Take(3));
        Assert.Throws<XdpException>(() => slots.Take(1));
        slots.Return(0);
        Assert.Equal(0u, slots.Take(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => slots.Take(0));
    }
}
