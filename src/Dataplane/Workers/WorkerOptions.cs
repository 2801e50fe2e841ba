namespace Dataplane.Workers;

/// <summary>How a worker runs.</summary>
public sealed record WorkerOptions
{
    /// <summary>CPU to pin the thread to; -1 for none.</summary>
    public int Cpu { get; init; } = -1;

    /// <summary>Microseconds to look for work before going to sleep: a wake-up costs some itself, a spin takes the CPU from pods.</summary>
    public int SpinMicroseconds { get; init; } = 20;

    /// <summary>Longest sleep, milliseconds: conntrack expiry and completions are looked after at least this often.</summary>
    public int SleepMilliseconds { get; init; } = 100;

    /// <summary>Told, on the dying thread, which worker ended and why: a bug, which the log must hold in full.</summary>
    public Action<int, Exception>? Failed { get; init; }
}
