namespace Dataplane.Agent.Desired;

/// <summary>What became different in the objects between one state and the next, in kube-proxy's counting.</summary>
/// <param name="Services">Services of ours that came, changed or went.</param>
/// <param name="EndpointSlices">Their slices that came, changed or went.</param>
/// <param name="Triggers">When what made the controller write the new slices happened (K34), where they say.</param>
public sealed record StateChanges(int Services, int EndpointSlices, IReadOnlyList<DateTimeOffset> Triggers)
{
    /// <summary>No change.</summary>
    public static readonly StateChanges None = new(0, 0, []);
}
