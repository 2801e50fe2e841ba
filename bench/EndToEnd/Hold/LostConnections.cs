namespace Dataplane.Bench.EndToEnd.Hold;

/// <summary>Connections that ended without the client's doing.</summary>
/// <param name="Backend">Number of the backend they were with.</param>
/// <param name="Errno">0: the peer closed; 104: reset; 110: timed out.</param>
/// <param name="Time">When, of the machine's monotonic clock, ms, in steps of 10.</param>
/// <param name="Count">How many.</param>
internal sealed record LostConnections(int Backend, int Errno, long Time, int Count);
