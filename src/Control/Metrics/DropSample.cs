namespace Dataplane.Control.Metrics;

/// <summary>Packets dropped for one reason in one direction since the start of the process.</summary>
/// <param name="Reason">Name of the DropReason.</param>
/// <param name="Direction">"ingress", "egress" or "none".</param>
/// <param name="Packets">How many.</param>
/// <param name="Bytes">Their bytes.</param>
public readonly record struct DropSample(string Reason, string Direction, ulong Packets, ulong Bytes);
