using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Desired;

/// <summary>Policies in the order of their ids, and workloads in the order of their names.</summary>
internal sealed record CompiledPolicies(List<V1.Policy> Policies, List<V1.Workload> Workloads);
