using Dataplane.Agent.Model;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Desired;

/// <summary>The service part of a state.</summary>
/// <param name="Messages">Every service port; those that did not change are the same instances as before.</param>
/// <param name="Warnings">What in services and host ports has no effect; the same list while nothing of it changed.</param>
/// <param name="Gaps">Ports that cannot be reached here for want of a local endpoint.</param>
/// <param name="Changes">What changed in the objects since the part before.</param>
internal sealed record ServicePart(
    OrderedList<V1.Service> Messages, IReadOnlyList<string> Warnings, LocalGaps Gaps, StateChanges Changes)
{
    public static readonly ServicePart Empty =
        new(OrderedList<V1.Service>.Of([], MessageOrder.Compare), [], default, StateChanges.None);
}
