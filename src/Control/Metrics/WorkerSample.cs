namespace Dataplane.Control.Metrics;

/// <summary>Counters of one worker thread since the start of the process.</summary>
/// <param name="Worker">Its number, as text: it becomes a label.</param>
/// <param name="RxPackets">Packets that it took from its ports.</param>
/// <param name="Batches">Batches that were not empty.</param>
/// <param name="Sleeps">Times that it waited in the kernel.</param>
/// <param name="BusyNanoseconds">Time spent on batches that were not empty.</param>
public readonly record struct WorkerSample(string Worker, ulong RxPackets, ulong Batches, ulong Sleeps, ulong BusyNanoseconds);
