using System.Buffers;

namespace Xdp.Interop;

/// <summary>Lends a <see cref="NativeMemoryRegion"/> as <see cref="Memory{T}"/>; it owns nothing.</summary>
internal sealed unsafe class NativeMemoryManager(NativeMemoryRegion region) : MemoryManager<byte>
{
    public override Span<byte> GetSpan() => region.AsSpan<byte>();

    public override MemoryHandle Pin(int elementIndex = 0) => new((byte*)region.Address + elementIndex);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }
}
