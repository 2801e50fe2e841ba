using Xdp.Interop.Native;
using Xdp.Interop.Rings;

namespace Xdp.Interop.Tests.Rings;

/// <summary>A ring in ordinary memory, laid out as the kernel lays it out; the test plays the kernel.</summary>
internal sealed class FakeRing : IDisposable
{
    private const int ProducerAt = 0, ConsumerAt = 128, FlagsAt = 196, EntriesAt = 320; // bytes, as Linux 6.18 does
    private readonly NativeMemoryRegion _memory = NativeMemoryRegion.Create(65536, name: "fake-ring");

    public FakeRing(uint size, uint start = 0)
    {
        Size = size;
        Producer = start;
        Consumer = start;
    }

    public uint Size { get; }

    public RingMemory Memory => new(
        _memory.Address, new XdpRingOffset { Producer = ProducerAt, Consumer = ConsumerAt, Flags = FlagsAt, Descriptors = EntriesAt }, Size);

    public ref uint Producer => ref _memory.AsSpan<uint>(ProducerAt, 1)[0];

    public ref uint Consumer => ref _memory.AsSpan<uint>(ConsumerAt, 1)[0];

    public ref uint Flags => ref _memory.AsSpan<uint>(FlagsAt, 1)[0];

    public Span<T> Entries<T>() where T : unmanaged => _memory.AsSpan<T>(EntriesAt, (int)Size);

    public void Dispose() => _memory.Dispose();
}
