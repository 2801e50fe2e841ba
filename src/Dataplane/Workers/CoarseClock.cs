namespace Dataplane.Workers;

/// <summary>Seconds since the process started, by the kernel's coarse clock: reading it is a load from the vDSO.</summary>
public sealed class CoarseClock
{
    /// <summary>What the clock shows when it starts.</summary>
    public const uint First = 1;

    private readonly long _start = Environment.TickCount64;

    /// <summary>Seconds, from <see cref="First"/>.</summary>
    public uint Seconds => (uint)((Environment.TickCount64 - _start) / 1000) + First;
}
