namespace Dataplane.Control.Metrics;

/// <summary>Where the frames of the UMEM are; at rest the places add up to <paramref name="Total"/>.</summary>
/// <param name="Total">All frames.</param>
/// <param name="Free">In the pools.</param>
/// <param name="Fill">With the kernel, to be received into.</param>
/// <param name="Receive">On rx rings.</param>
/// <param name="Transmit">On tx and completion rings.</param>
/// <param name="Held">In the hands of a worker, for example to be merged.</param>
public readonly record struct FrameSample(ulong Total, ulong Free, ulong Fill, ulong Receive, ulong Transmit, ulong Held);
