namespace Dataplane.Agent.Model;

/// <summary>One endpoint of an EndpointSlice.</summary>
/// <param name="Address">addresses[0]; the API gives the others no meaning (K4).</param>
/// <param name="Ready">conditions.ready; absent is true.</param>
/// <param name="Serving">conditions.serving; absent is true.</param>
/// <param name="Terminating">conditions.terminating; absent is false.</param>
/// <param name="NodeName">Node that runs it; empty where unknown.</param>
/// <param name="ForNodes">hints.forNodes: the nodes whose clients should use it; empty: no hint (K21).</param>
/// <param name="ForZones">hints.forZones: the zones whose clients should use it; empty: no hint (K21).</param>
public sealed record SliceEndpoint(
    IpAddress Address, bool Ready, bool Serving, bool Terminating, string NodeName, IReadOnlyList<string> ForNodes,
    IReadOnlyList<string> ForZones);
