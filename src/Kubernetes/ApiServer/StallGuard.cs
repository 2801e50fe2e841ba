namespace Dataplane.Kubernetes;

/// <summary>Ends a wait for the network that lasts too long: a connection may be dead without either side being told.</summary>
/// <param name="limit">Longest wait.</param>
/// <param name="what">What is waited for, in the words of the error.</param>
/// <param name="cancel">Ends any wait at once.</param>
public sealed class StallGuard(TimeSpan limit, string what, CancellationToken cancel) : IDisposable
{
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);

    /// <summary>Waits for one step.</summary>
    /// <exception cref="TimeoutException">It lasted longer than the limit.</exception>
    public async ValueTask<T> WaitAsync<T>(Func<CancellationToken, ValueTask<T>> step)
    {
        _stop.CancelAfter(limit);
        try
        {
            return await step(_stop.Token).ConfigureAwait(false);
        }
        catch (Exception) when (_stop.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            // Whatever the stream makes of being cut off, this is why.
            throw new TimeoutException($"{what} did not come within {limit.TotalSeconds:0.###} s");
        }
        finally
        {
            _stop.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stop.Dispose();
}
