using System.Numerics;
using Xdp.Interop;

namespace Dataplane.Workers;

/// <summary>
/// Packets from one worker to another that owns their output port: one writer, one reader. Entries are written before the producer
/// index (release) and read after it (acquire); the writer overwrites only what the reader has given back the same way.
/// </summary>
internal sealed class HandoffRing(int capacity)
{
    private readonly Entry[] _entries = new Entry[BitOperations.RoundUpToPowerOf2((uint)capacity)];
    private uint _produced;
    private uint _consumed;

    /// <summary>Frames in the ring.</summary>
    public int Count => (int)(Volatile.Read(ref _produced) - Volatile.Read(ref _consumed));

    /// <summary>Writer only: all descriptors of a packet, or none.</summary>
    public bool TryWrite(ReadOnlySpan<XdpDescriptor> packet, ushort port, int bytes)
    {
        uint produced = _produced;
        if (produced - Volatile.Read(ref _consumed) + (uint)packet.Length > (uint)_entries.Length) return false;
        for (int i = 0; i < packet.Length; i++)
        {
            _entries[produced + (uint)i & (uint)(_entries.Length - 1)] = new Entry { Descriptor = packet[i], Port = port, Bytes = bytes };
        }
        Volatile.Write(ref _produced, produced + (uint)packet.Length);
        return true;
    }

    /// <summary>Reader only: copies the next packet; 0 when there is none.</summary>
    public int TryRead(Span<XdpDescriptor> packet, out ushort port, out int bytes)
    {
        port = 0;
        bytes = 0;
        uint consumed = _consumed;
        if (consumed == Volatile.Read(ref _produced)) return 0;
        int count = 0;
        do
        {
            ref readonly var entry = ref _entries[consumed + (uint)count & (uint)(_entries.Length - 1)];
            port = entry.Port;
            bytes = entry.Bytes;
            packet[count++] = entry.Descriptor;
        }
        while (packet[count - 1].IsContinued);
        Volatile.Write(ref _consumed, consumed + (uint)count);
        return count;
    }

    private struct Entry
    {
        public XdpDescriptor Descriptor;
        public int Bytes;
        public ushort Port;
    }
}
