namespace Dataplane.Agent.ApiServer;

/// <summary>Up to where a kind is known: what a watch goes on from.</summary>
/// <param name="ApiVersion">The version its objects are asked for in.</param>
/// <param name="ResourceVersion">The server's; opaque.</param>
internal sealed record ResourcePosition(string ApiVersion, string ResourceVersion);
