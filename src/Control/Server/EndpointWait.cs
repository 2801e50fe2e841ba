using Dataplane.Contracts.V1;
using Dataplane.Control.Apply;

namespace Dataplane.Control.Server;

/// <summary>Waits until the policy of an attached pod is in force (P27). For any number of waiters at once; costs a state nothing while there are none.</summary>
internal sealed class EndpointWait
{
    // A detachment is no change of state, so that nothing would wake who waits for a pod that is gone.
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);

    private readonly NodeRuntime _node;
    private readonly TableDumps _dumps;
    private TaskCompletionSource _applied = NewSource();

    /// <param name="node">Whose endpoints and states; it lives as long as this.</param>
    public EndpointWait(NodeRuntime node)
    {
        (_node, _dumps) = (node, new TableDumps(node));
        node.Applied += _ => Interlocked.Exchange(ref _applied, NewSource()).SetResult();
    }

    /// <summary>The endpoint as soon as it is ready; null when it is not attached (by this container), or not any more.</summary>
    /// <param name="key">"namespace/pod".</param>
    /// <param name="containerId">Empty: whichever container.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<EndpointEntry?> UntilReadyAsync(string key, string containerId, CancellationToken cancellationToken)
    {
        while (true)
        {
            // Taken before looking: a state that comes between the two completes it.
            var applied = Volatile.Read(ref _applied).Task;
            var endpoint = _node.Endpoints.FirstOrDefault(e => e.Key == key && (containerId.Length == 0 || e.ContainerId == containerId));
            if (endpoint is null) return null;
            var entry = _dumps.Entry(endpoint);
            if (entry.State == TableDumps.Ready) return entry;
            await Task.WhenAny(applied, Task.Delay(LookAgain, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
