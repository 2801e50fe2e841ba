namespace Dataplane.Agent.Model;

/// <summary>One endpoint of an EndpointSlice.</summary>
/// <param name="Address">addresses[0]; the API gives the others no meaning (K4).</param>
/// <param name="Ready">conditions.ready; absent is true.</param>
/// <param name="Serving">conditions.serving; absent is true.</param>
/// <param name="Terminating">conditions.terminating; absent is false.</param>
/// <param name="NodeName">Node that runs it; empty where unknown.</param>
public sealed record SliceEndpoint(IpAddress Address, bool Ready, bool Serving, bool Terminating, string NodeName);
