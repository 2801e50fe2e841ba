namespace Dataplane.Workers;

/// <summary>Seconds since the process started, by the kernel's coarse clock: reading it is a load from the vDSO.</summary>
public sealed class CoarseClock
{
    private readonly long _start = Environment.TickCount64;

    /// <summary>Seconds, from 1.</summary>
    public uint Seconds => (uint)((Environment.TickCount64 - _start) / 1000) + 1;
}
