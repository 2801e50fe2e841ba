using Dataplane.Contracts.Grpc;

namespace Dataplane.Control.Server.Grpc;

/// <summary>The token of one call at the server, and which of its three causes cancelled it: client gone, deadline, server stopping.</summary>
internal sealed class CallDeadline : IDisposable
{
    private readonly CancellationToken _clientGone;
    private readonly CancellationToken _stopping;
    private readonly CancellationTokenSource _source;
    private readonly TimeSpan? _timeout;

    /// <param name="timeout">What grpc-timeout grants; null: no deadline.</param>
    /// <param name="clientGone">Cancelled when the client resets the stream or its connection ends.</param>
    /// <param name="stopping">Cancelled when the server stops.</param>
    public CallDeadline(TimeSpan? timeout, CancellationToken clientGone, CancellationToken stopping)
    {
        (_timeout, _clientGone, _stopping) = (timeout, clientGone, stopping);
        _source = CancellationTokenSource.CreateLinkedTokenSource(clientGone, stopping);
        if (timeout is { } granted)
            // Timers end at about 49 days: a deadline beyond that is none.
            _source.CancelAfter(granted.TotalMilliseconds < uint.MaxValue - 1 ? granted : Timeout.InfiniteTimeSpan);
    }

    public CancellationToken Token => _source.Token;

    /// <summary>Nobody reads the response any more.</summary>
    public bool IsClientGone => _clientGone.IsCancellationRequested;

    /// <summary>The status for a call that ended because <see cref="Token"/> was cancelled.</summary>
    public RpcException ToException() =>
        _stopping.IsCancellationRequested ? new RpcException(StatusCode.Unavailable, "the dataplane is stopping")
        : IsClientGone ? new RpcException(StatusCode.Cancelled, "cancelled by the client")
        : new RpcException(StatusCode.DeadlineExceeded, $"not done within {_timeout?.TotalSeconds:0.###} s");

    public void Dispose() => _source.Dispose();
}
