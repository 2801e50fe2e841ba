using Dataplane.Contracts.V1;

namespace Dataplane.Agent.Sync;

/// <summary>The part of the control service that the agent uses. Failures are <c>RpcException</c>.</summary>
public interface IControlSync
{
    /// <summary>The generation the dataplane has; 0: it has no state (it is new).</summary>
    Task<ulong> GetGenerationAsync(CancellationToken cancel);

    /// <summary>Replaces the whole state.</summary>
    Task SyncAsync(SyncRequest request, CancellationToken cancel);

    /// <summary>Changes the state of a generation; FAILED_PRECONDITION when the dataplane has another.</summary>
    Task UpdateAsync(UpdateRequest request, CancellationToken cancel);
}
