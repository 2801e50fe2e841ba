using Dataplane.Contracts.V1;

namespace Dataplane.Control.Telemetry;

/// <summary>Which events a watcher asked for.</summary>
internal sealed class FlowFilter(WatchFlowsRequest request)
{
    public bool Matches(FlowEvent flow)
    {
        bool drop = flow.Verdict is FlowEvent.Types.Verdict.Dropped or FlowEvent.Types.Verdict.Rejected;
        if (request.Show == WatchFlowsRequest.Types.Show.Drops && !drop || request.Show == WatchFlowsRequest.Types.Show.Flows && drop) return false;
        if (request.Pod.Length > 0 && flow.SourcePod != request.Pod && flow.DestinationPod != request.Pod) return false;
        return request.Address.Length == 0 || flow.Source == request.Address || flow.Destination == request.Address
            || flow.Backend == request.Address || flow.MasqueradedSource == request.Address;
    }
}
