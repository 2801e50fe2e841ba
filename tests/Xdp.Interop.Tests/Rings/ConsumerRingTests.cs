using Xdp.Interop.Rings;
using Xunit;

namespace Xdp.Interop.Tests.Rings;

/// <summary>RX and completion ring: the test produces as the kernel would, we consume.</summary>
public sealed class ConsumerRingTests
{
    [Fact]
    public void PeekShowsWhatTheKernelProducedUpToTheLimit()
    {
        using var fake = new FakeRing(8);
        var ring = new CompletionRing(fake.Memory);
        Assert.Equal(0u, ring.Peek(8, out _));
        for (int i = 0; i < 5; i++)
            fake.Entries<ulong>()[i] = (ulong)(i + 1) << 12;
        fake.Producer = 5;
        Assert.Equal(5u, ring.Outstanding);
        Assert.Equal(3u, ring.Peek(3, out uint index));
        Assert.Equal(0x1000ul, ring[index]);
        Assert.Equal(0x3000ul, ring[index + 2]);
        Assert.Equal(5u, ring.Peek(8, out _));
    }

    [Fact]
    public void PeekTakesNothingUntilRelease()
    {
        using var fake = new FakeRing(8);
        fake.Producer = 4;
        var ring = new RxRing(fake.Memory);
        ring.Peek(4, out _);
        Assert.Equal(0u, fake.Consumer);
        ring.Release(3); // a packet cut off by the batch's end stays
        Assert.Equal(3u, fake.Consumer);
        Assert.Equal(1u, ring.Peek(4, out uint index));
        Assert.Equal(3u, index);
    }

    [Fact]
    public void EntriesThatCameMeanwhileAreShownByTheNextPeek()
    {
        using var fake = new FakeRing(8);
        var ring = new RxRing(fake.Memory);
        fake.Producer = 2;
        Assert.Equal(2u, ring.Peek(8, out _));
        fake.Producer = 6;
        Assert.Equal(6u, ring.Peek(8, out _));
    }

    [Fact]
    public void IndexesWrapAroundThirtyTwoBits()
    {
        using var fake = new FakeRing(4, start: uint.MaxValue);
        var ring = new CompletionRing(fake.Memory);
        fake.Entries<ulong>()[3] = 30;
        fake.Entries<ulong>()[0] = 40;
        fake.Producer = 1;
        Assert.Equal(2u, ring.Peek(4, out uint index));
        Assert.Equal((30ul, 40ul), (ring[index], ring[index + 1]));
        ring.Release(2);
        Assert.Equal(1u, fake.Consumer);
    }

    [Fact]
    public void AClosedRingIsEmpty()
    {
        using var fake = new FakeRing(4);
        fake.Producer = 3;
        var ring = new RxRing(fake.Memory);
        ring.Peek(4, out _);
        ring.Map(RingMemory.None);
        Assert.Equal(0u, ring.Peek(4, out _));
        Assert.Equal(0u, ring.Outstanding);
    }
}
