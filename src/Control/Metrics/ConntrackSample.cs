namespace Dataplane.Control.Metrics;

/// <summary>The connection table.</summary>
/// <param name="Entries">Connections in it.</param>
/// <param name="Capacity">Connections that fit.</param>
/// <param name="Inserted">Connections begun since the start of the process.</param>
/// <param name="Expired">Connections that ended or timed out.</param>
/// <param name="Evicted">Connections thrown out early to make room.</param>
/// <param name="InsertFailed">Connections refused for want of room.</param>
public readonly record struct ConntrackSample(ulong Entries, ulong Capacity, ulong Inserted, ulong Expired, ulong Evicted, ulong InsertFailed);
