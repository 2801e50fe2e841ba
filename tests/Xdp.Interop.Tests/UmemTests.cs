using Xunit;

namespace Xdp.Interop.Tests;

public sealed class UmemTests
{
    [Fact]
    public void FrameIsTheWholeChunkAroundAnAddress()
    {
        using var umem = Umem.Create(4);
        umem.Frame(4096)[256] = 7;
        Assert.Equal(Umem.FrameSize, umem.Frame(4096 + 256).Length);
        Assert.Equal(7, umem.Frame(4096 + 4095)[256]);
        Assert.Equal(0, umem.Frame(0)[256]);
        Assert.Equal((4096ul, 1, 256), (Umem.FrameBase(4352), Umem.FrameIndex(4352), Umem.FrameOffset(4352)));
    }

    [Fact]
    public void AddressOutsideThrowsAndNeverTouchesMemory()
    {
        using var umem = Umem.Create(4);
        Assert.Throws<ArgumentOutOfRangeException>(() => umem.Frame(4 * 4096).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => umem.Frame(ulong.MaxValue).Length);
        umem.Prefetch(ulong.MaxValue);
    }

    [Fact]
    public void DataIsTheBytesOfTheDescriptorAndStaysInItsChunk()
    {
        using var umem = Umem.Create(2);
        umem.Frame(0)[300] = 9;
        Assert.Equal(9, umem.Data(new XdpDescriptor(300, 60))[0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => umem.Data(new XdpDescriptor(4000, 100)).Length);
    }

    [Fact]
    public void DisposedUmemThrows()
    {
        var umem = Umem.Create(1);
        umem.Dispose();
        umem.Dispose();
        Assert.Throws<ObjectDisposedException>(() => umem.Frame(0).Length);
    }

    [Fact]
    public void RegionIsZeroedTypedAndBounded()
    {
        using var region = NativeMemoryRegion.Create(10_000);
        Assert.True(region.Length >= 10_000);
        Assert.Equal(0, region.AsSpan<byte>().IndexOfAnyExcept((byte)0) + 1);
        region.AsSpan<ulong>(4096, 2)[1] = 42;
        Assert.Equal(42ul, region.AsSpan<ulong>()[513]);
        Assert.Equal(42, region.Memory.Span[4104]);
        Assert.Throws<ArgumentOutOfRangeException>(() => region.AsSpan<ulong>(region.Length - 8, 2).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => region.AsSpan<ulong>(-8, 1).Length);
    }

    [Fact]
    public void HugePagesFallBackToOrdinaryOnes()
    {
        using var region = NativeMemoryRegion.Create(4 << 20, hugePages: true);
        region.AsSpan<byte>()[^1] = 1;
        Assert.True(region.Length >= 4 << 20);
    }

    [Fact]
    public void RegionThatCannotBeHadSaysWhatToDo()
    {
        var failure = Assert.Throws<XdpException>(() => NativeMemoryRegion.Create(1L << 60));
        Assert.NotEqual(Errno.None, failure.Errno);
        Assert.Contains("bytes", failure.Message, StringComparison.Ordinal);
    }
}
