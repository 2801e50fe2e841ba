using System.Runtime.CompilerServices;

namespace Xdp.Interop.Rings;

/// <summary>
/// Packets the kernel received, as descriptors. Their chunks are ours from <see cref="Peek"/> on.
/// One thread at a time may use it.
///
/// The indexes run freely over 32 bits and are masked on access. The kernel writes the producer, we write the consumer.
/// Memory order (kernel: net/xdp/xsk_queue.h): the producer is loaded with acquire before entries are read, which pairs with
/// the kernel's release after it wrote them; the consumer is stored with release after we read them, so the kernel
/// cannot overwrite an entry that we still look at.
/// </summary>
public sealed unsafe class RxRing
{
    private uint* _producer;
    private uint* _consumer;
    private XdpDescriptor* _entries;
    private uint _size;
    private uint _mask;
    private uint _consumed;         // = *_consumer, which only we write
    private uint _cachedProducer;   // the kernel's producer when we last looked

    internal RxRing(in RingMemory memory) => Map(memory);

    /// <summary>Entries in the ring, a power of two; 0 once the socket is closed.</summary>
    public uint Size => _size;

    /// <summary>Entries that wait for us.</summary>
    public uint Outstanding => Volatile.Read(ref *_producer) - _consumed;

    /// <summary>An entry that <see cref="Peek"/> showed; <paramref name="index"/> is what it gave, plus 0..n-1.</summary>
    public ref readonly XdpDescriptor this[uint index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref _entries[index & _mask];
    }

    /// <summary>
    /// Shows up to <paramref name="max"/> entries; <paramref name="index"/> is the first. It does not take them: until
    /// <see cref="Release"/> the same entries are shown again,
    /// so a packet whose descriptors were cut off by <paramref name="max"/> can be left for the next call.
    /// </summary>
    /// <returns>How many there are, 0..<paramref name="max"/>.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Peek(uint max, out uint index)
    {
        index = _consumed;
        uint count = _cachedProducer - _consumed;
        if (count < max)
        {
            _cachedProducer = Volatile.Read(ref *_producer); // acquire: the entries up to it are written
            count = _cachedProducer - _consumed;
        }
        return count < max ? count : max;
    }

    /// <summary>Gives the first <paramref name="count"/> shown entries back to the kernel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Release(uint count)
    {
        _consumed += count;
        Volatile.Write(ref *_consumer, _consumed); // release: we are done reading them
    }

    /// <summary>Points the ring at its memory; <see cref="RingMemory.None"/> when the socket closes.</summary>
    internal void Map(in RingMemory memory)
    {
        _producer = memory.Producer;
        _consumer = memory.Consumer;
        _entries = (XdpDescriptor*)memory.Entries;
        _size = memory.Size;
        _mask = memory.Size == 0 ? 0 : memory.Size - 1;
        _consumed = Volatile.Read(ref *_consumer);
        _cachedProducer = _consumed;
    }
}
