namespace Dataplane.Agent.Desired;

/// <summary>Whose a prefix is.</summary>
/// <param name="Identity">Identity of its addresses.</param>
/// <param name="Owner">For people: "namespace/pod", "node/name", or empty.</param>
public readonly record struct IpcacheOwner(uint Identity, string Owner);
