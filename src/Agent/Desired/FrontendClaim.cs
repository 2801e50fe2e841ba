namespace Dataplane.Agent.Desired;

/// <summary>A frontend that a service asks for, and its place in the service's messages.</summary>
/// <param name="Key">The frontend.</param>
/// <param name="Field">Field of the object that asks, for messages.</param>
/// <param name="IsClusterIP">It is the service's own address, which nobody else may take.</param>
/// <param name="Message">Index of the message; -1: the health check port, which is in all of them.</param>
/// <param name="Frontend">Index of the frontend in its message.</param>
internal readonly record struct FrontendClaim(FrontendKey Key, string Field, bool IsClusterIP, int Message, int Frontend);
