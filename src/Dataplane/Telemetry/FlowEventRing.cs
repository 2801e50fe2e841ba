namespace Dataplane.Telemetry;

/// <summary>
/// Records from one worker to one reader: a ring of fixed size that never waits. When it is full, records are lost and counted.
/// The producer index is written with release after the record, and read with acquire before it; the consumer's likewise.
/// </summary>
public sealed class FlowEventRing(int capacity)
{
    private readonly FlowRecord[] _records = new FlowRecord[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)capacity)];
    private uint _produced;
    private uint _consumed;
    private int _watchers;

    /// <summary>True while somebody reads; the worker records nothing otherwise.</summary>
    public bool Enabled => Volatile.Read(ref _watchers) > 0;

    /// <summary>Adds or removes a reader; any thread.</summary>
    public void Watch(bool on) => Interlocked.Add(ref _watchers, on ? 1 : -1);

    /// <summary>Worker only. False when the record was lost.</summary>
    public bool TryWrite(in FlowRecord record)
    {
        uint produced = _produced;
        if (produced - Volatile.Read(ref _consumed) >= (uint)_records.Length) return false;
        _records[produced & (uint)(_records.Length - 1)] = record;
        Volatile.Write(ref _produced, produced + 1);
        return true;
    }

    /// <summary>Reader only.</summary>
    public bool TryRead(out FlowRecord record)
    {
        uint consumed = _consumed;
        if (consumed == Volatile.Read(ref _produced))
        {
            record = default;
            return false;
        }
        record = _records[consumed & (uint)(_records.Length - 1)];
        Volatile.Write(ref _consumed, consumed + 1);
        return true;
    }
}
