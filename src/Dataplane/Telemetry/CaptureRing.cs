using System.Runtime.InteropServices;

namespace Dataplane.Telemetry;

/// <summary>
/// Copies of frames from one worker to one reader, made when a capture starts and dropped when it ends. Records are a
/// <see cref="CaptureHeader"/> and the bytes, one after the other, in a byte ring that never waits.
/// </summary>
public sealed class CaptureRing
{
    private readonly byte[] _buffer;
    private readonly int _snapLength;
    private long _produced;
    private long _consumed;
    private long _lost;

    /// <param name="capacity">Bytes; rounded up to a power of two.</param>
    /// <param name="snapLength">Bytes kept of each frame.</param>
    public CaptureRing(int capacity, int snapLength)
    {
        _buffer = new byte[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)capacity)];
        _snapLength = Math.Min(snapLength, _buffer.Length / 2);
    }

    /// <summary>Frames lost because the reader was too slow.</summary>
    public long Lost => Volatile.Read(ref _lost);

    /// <summary>
    /// Worker only: notes a frame's first part and returns where the record starts, for <see cref="Append"/> and
    /// <see cref="SetReason"/>; -1 when there is no room. Nothing is visible before <see cref="Publish"/>.
    /// </summary>
    public long Begin(long time, ushort port, bool outgoing, int length, ref long cursor)
    {
        int kept = Math.Min(length, _snapLength);
        if (cursor + CaptureHeader.Size + kept - Volatile.Read(ref _consumed) > _buffer.Length)
        {
            _lost++;
            return -1;
        }
        long start = cursor;
        var header = new CaptureHeader { Time = time, Port = port, Outgoing = outgoing, Length = length, Kept = kept };
        Copy(MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(in header, 1)), start);
        cursor = start + CaptureHeader.Size;
        return start;
    }

    /// <summary>Worker only: adds bytes of the frame, as many as are kept.</summary>
    public void Append(long start, ReadOnlySpan<byte> bytes, ref long cursor)
    {
        long end = start + CaptureHeader.Size + Read(start).Kept;
        int count = (int)Math.Min(bytes.Length, end - cursor);
        Copy(bytes[..count], cursor);
        cursor += count;
    }

    /// <summary>Worker only: says why the frame was dropped.</summary>
    public void SetReason(long start, DropReason reason)
    {
        var header = Read(start);
        header.Reason = reason;
        Copy(MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(in header, 1)), start);
    }

    /// <summary>Worker only: the position where the next record goes.</summary>
    public long Cursor => _produced;

    /// <summary>Worker only: makes everything before <paramref name="cursor"/> visible.</summary>
    public void Publish(long cursor) => Volatile.Write(ref _produced, cursor);

    /// <summary>Reader only; the bytes are a copy.</summary>
    public bool TryRead(out CaptureHeader header, out byte[] bytes)
    {
        long consumed = _consumed;
        if (consumed == Volatile.Read(ref _produced))
        {
            header = default;
            bytes = [];
            return false;
        }
        header = Read(consumed);
        bytes = new byte[header.Kept];
        Extract(consumed + CaptureHeader.Size, bytes);
        Volatile.Write(ref _consumed, consumed + CaptureHeader.Size + header.Kept);
        return true;
    }

    private CaptureHeader Read(long position)
    {
        CaptureHeader header = default;
        Extract(position, MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref header, 1)));
        return header;
    }

    private void Copy(ReadOnlySpan<byte> source, long position)
    {
        int at = (int)(position & _buffer.Length - 1), first = Math.Min(source.Length, _buffer.Length - at);
        source[..first].CopyTo(_buffer.AsSpan(at));
        source[first..].CopyTo(_buffer);
    }

    private void Extract(long position, Span<byte> destination)
    {
        int at = (int)(position & _buffer.Length - 1), first = Math.Min(destination.Length, _buffer.Length - at);
        _buffer.AsSpan(at, first).CopyTo(destination);
        _buffer.AsSpan(0, destination.Length - first).CopyTo(destination[first..]);
    }
}
