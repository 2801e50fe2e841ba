namespace Dataplane.Control.Metrics;

/// <summary>Packets whose senders were told that they were dropped, since the start of the process.</summary>
/// <param name="Reason">Name of the DropReason.</param>
/// <param name="Answer">"icmp" or "rst".</param>
/// <param name="Packets">How many.</param>
public readonly record struct RejectSample(string Reason, string Answer, ulong Packets);
