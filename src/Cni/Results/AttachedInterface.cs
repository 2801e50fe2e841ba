namespace Dataplane.Cni.Results;

/// <summary>An interface of an <see cref="Attachment"/>.</summary>
/// <param name="Name">Name where it is.</param>
/// <param name="Mac">Ethernet address; empty when it is not known.</param>
/// <param name="Sandbox">Path of the network namespace; empty on the node.</param>
internal sealed record AttachedInterface(string Name, string Mac, string Sandbox);
