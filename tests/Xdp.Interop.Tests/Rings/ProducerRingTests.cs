using Xdp.Interop.Rings;
using Xunit;

namespace Xdp.Interop.Tests.Rings;

/// <summary>Fill and TX ring: we produce, the test consumes as the kernel would.</summary>
public sealed class ProducerRingTests
{
    [Fact]
    public void ReserveGrantsAtMostWhatIsFree()
    {
        using var fake = new FakeRing(8);
        var ring = new FillRing(fake.Memory);
        Assert.Equal(8u, ring.FreeCount);
        Assert.Equal(5u, ring.Reserve(5, out uint first));
        Assert.Equal(0u, first);
        Assert.Equal(3u, ring.Reserve(5, out uint second));
        Assert.Equal(5u, second);
        Assert.Equal(0u, ring.Reserve(1, out _));
        Assert.Equal(0u, ring.FreeCount);
    }

    [Fact]
    public void EntriesAreVisibleToTheKernelOnlyAfterSubmit()
    {
        using var fake = new FakeRing(4);
        var ring = new FillRing(fake.Memory);
        ring.Reserve(2, out uint index);
        ring[index] = 0x1000;
        ring[index + 1] = 0x2000;
        Assert.Equal(0u, fake.Producer);
        ring.Submit(2);
        Assert.Equal(2u, fake.Producer);
        Assert.Equal([0x1000ul, 0x2000ul], fake.Entries<ulong>()[..2].ToArray());
        Assert.Equal(2u, ring.Outstanding);
    }

    [Fact]
    public void SubmittingFewerThanReservedGivesTheRestBack()
    {
        using var fake = new FakeRing(4);
        var ring = new FillRing(fake.Memory);
        ring.Reserve(4, out _);
        ring.Submit(1);
        Assert.Equal(3u, ring.Reserve(4, out uint index));
        Assert.Equal(1u, index);
    }

    [Fact]
    public void RoomComesBackWhenTheKernelConsumes()
    {
        using var fake = new FakeRing(4);
        var ring = new FillRing(fake.Memory);
        ring.Reserve(4, out _);
        ring.Submit(4);
        Assert.Equal(0u, ring.Reserve(1, out _));
        fake.Consumer += 3;
        Assert.Equal(1u, ring.Outstanding);
        Assert.Equal(3u, ring.Reserve(4, out uint index));
        Assert.Equal(4u, index);
    }

    [Fact]
    public void IndexesWrapAroundThirtyTwoBits()
    {
        using var fake = new FakeRing(4, start: uint.MaxValue - 1);
        var ring = new TxRing(fake.Memory);
        Assert.Equal(4u, ring.Reserve(9, out uint index));
        for (uint i = 0; i < 4; i++)
            ring[index + i] = new XdpDescriptor(i, 60);
        ring.Submit(4);
        Assert.Equal(2u, fake.Producer);
        Assert.Equal([2ul, 3ul, 0ul, 1ul], fake.Entries<XdpDescriptor>().ToArray().Select(d => d.Address)); // entry 2 is the first slot after -2 mod 4
        Assert.Equal(0u, ring.FreeCount);
    }

    [Fact]
    public void WakeupFlagIsReadFromTheKernel()
    {
        using var fake = new FakeRing(4);
        var ring = new TxRing(fake.Memory);
        Assert.False(ring.NeedsWakeup);
        fake.Flags = 1;
        Assert.True(ring.NeedsWakeup);
    }

    [Fact]
    public void AClosedRingGrantsNothing()
    {
        using var fake = new FakeRing(4);
        var ring = new TxRing(fake.Memory);
        ring.Reserve(2, out _);
        ring.Map(RingMemory.None);
        Assert.Equal(0u, ring.Reserve(4, out _));
        Assert.Equal(0u, ring.FreeCount);
        Assert.Equal(0u, ring.Outstanding);
        Assert.False(ring.NeedsWakeup);
    }

    [Fact]
    public void ARingTakenOverContinuesWhereItStood()
    {
        using var fake = new FakeRing(8, start: 5);
        fake.Consumer = 3;
        var ring = new FillRing(fake.Memory);
        Assert.Equal(2u, ring.Outstanding);
        Assert.Equal(6u, ring.Reserve(8, out uint index));
        Assert.Equal(5u, index);
    }
}
