using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Desired;

/// <summary>What the dataplane of this node shall know. The message is not changed once it is here.</summary>
/// <param name="State">Every list ordered by its key.</param>
/// <param name="Warnings">What in the objects is odd or has no effect, in a fixed order.</param>
public sealed record DesiredState(V1.State State, IReadOnlyList<string> Warnings);
