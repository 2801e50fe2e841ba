using System.Runtime.CompilerServices;

namespace Xdp.Interop.Rings;

/// <summary>
/// Packets we want sent, as descriptors; their chunks come back through the <see cref="CompletionRing"/>.
/// One thread at a time may use it.
///
/// The indexes run freely over 32 bits and are masked on access. We write the producer, the kernel writes the consumer.
/// Memory order (kernel: net/xdp/xsk_queue.h): entries are written before the producer is stored with release, which pairs
/// with the kernel's acquire of it; the consumer is loaded with acquire before entries are overwritten, which pairs with the
/// kernel's release after it read them. Our copy of the consumer is refreshed only when it says there is too little
/// room, so that the cache line stays with the kernel most of the time.
/// </summary>
public sealed unsafe class TxRing
{
    private uint* _producer;
    private uint* _consumer;
    private uint* _flags;
    private XdpDescriptor* _entries;
    private uint _size;
    private uint _mask;
    private uint _submitted;        // = *_producer, which only we write
    private uint _reserved;         // _submitted + entries handed out by Reserve
    private uint _cachedConsumer;   // the kernel's consumer when we last looked

    internal TxRing(in RingMemory memory) => Map(memory);

    /// <summary>Entries in the ring, a power of two; 0 once the socket is closed.</summary>
    public uint Size => _size;

    /// <summary>Entries that can be reserved now.</summary>
    public uint FreeCount
    {
        get
        {
            _cachedConsumer = Volatile.Read(ref *_consumer);
            return _size - (_reserved - _cachedConsumer);
        }
    }

    /// <summary>Submitted entries that the kernel has not taken yet.</summary>
    public uint Outstanding => _submitted - Volatile.Read(ref *_consumer);

    /// <summary>
    /// Whether the kernel waits for a <see cref="XskSocket.Kick"/> before it looks at the ring. Costs a full fence: the store of the
    /// producer must be visible before the flag is read, or both sides could go to sleep.
    /// </summary>
    public bool NeedsWakeup
    {
        get
        {
            Interlocked.MemoryBarrier();
            return (Volatile.Read(ref *_flags) & Native.XskAbi.XDP_RING_NEED_WAKEUP) != 0;
        }
    }

    /// <summary>A reserved entry; <paramref name="index"/> is what <see cref="Reserve"/> gave, plus 0..granted-1.</summary>
    public ref XdpDescriptor this[uint index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref _entries[index & _mask];
    }

    /// <summary>
    /// Hands out up to <paramref name="count"/> entries to write; <paramref name="index"/> is the first. Several reservations may
    /// precede one <see cref="Submit"/>; they follow each other.
    /// </summary>
    /// <returns>How many were granted, 0..<paramref name="count"/>.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Reserve(uint count, out uint index)
    {
        index = _reserved;
        uint free = _size - (_reserved - _cachedConsumer);
        if (free < count)
        {
            _cachedConsumer = Volatile.Read(ref *_consumer); // acquire: the kernel is done with what it consumed
            free = _size - (_reserved - _cachedConsumer);
            if (free < count)
                count = free;
        }
        _reserved += count;
        return count;
    }

    /// <summary>
    /// Gives the first <paramref name="count"/> entries reserved since the last Submit to the kernel; reservations beyond them
    /// are void.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Submit(uint count)
    {
        _submitted += count;
        _reserved = _submitted;
        Volatile.Write(ref *_producer, _submitted); // release: the entries are visible before the index
    }

    /// <summary>Points the ring at its memory; <see cref="RingMemory.None"/> when the socket closes.</summary>
    internal void Map(in RingMemory memory)
    {
        _producer = memory.Producer;
        _consumer = memory.Consumer;
        _flags = memory.Flags;
        _entries = (XdpDescriptor*)memory.Entries;
        _size = memory.Size;
        _mask = memory.Size == 0 ? 0 : memory.Size - 1;
        _submitted = _reserved = Volatile.Read(ref *_producer);
        _cachedConsumer = Volatile.Read(ref *_consumer);
    }
}
