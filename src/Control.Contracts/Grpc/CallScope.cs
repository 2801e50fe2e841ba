namespace Dataplane.Contracts.Grpc;

/// <summary>The life of one call at the client: joins the caller's token with the deadline, and afterwards tells which of them ended it.</summary>
internal sealed class CallScope : IDisposable
{
    // From PROTOCOL-HTTP2.md, "Errors": how an HTTP/2 error code reads as a status.
    private const long Http2InternalError = 2;
    private const long Http2RefusedStream = 7;
    private const long Http2Cancel = 8;
    private const long Http2EnhanceYourCalm = 11;
    private const long Http2InadequateSecurity = 12;

    private readonly CancellationToken _callerToken;
    private readonly CancellationTokenSource _source;
    private readonly TimeSpan? _timeout;

    public CallScope(TimeSpan? timeout, CancellationToken callerToken)
    {
        _callerToken = callerToken;
        _timeout = timeout;
        _source = CancellationTokenSource.CreateLinkedTokenSource(callerToken);
        if (timeout is { } granted)
            _source.CancelAfter(granted > TimeSpan.Zero ? granted : TimeSpan.Zero);
    }

    public CancellationToken Token => _source.Token;

    /// <summary>What to throw instead of <paramref name="exception"/>; null when it already is what the caller should see.</summary>
    public Exception? Translate(Exception exception)
    {
        if (_callerToken.IsCancellationRequested)
            return exception is OperationCanceledException own && own.CancellationToken == _callerToken
                ? null
                : new OperationCanceledException("the call was cancelled", exception, _callerToken);
        if (exception is RpcException)
            return null;
        if (_source.IsCancellationRequested)
            return new RpcException(StatusCode.DeadlineExceeded, $"no answer within {_timeout?.TotalSeconds:0.###} s", exception);
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (e is RpcException refused)
                return refused;
            if (e is HttpProtocolException protocol)
                return new RpcException(FromHttp2(protocol.ErrorCode), protocol.Message, exception);
        }
        return exception is HttpRequestException or IOException
            ? new RpcException(StatusCode.Unavailable, $"the connection to the dataplane broke: {exception.Message}", exception)
            : null;
    }

    public void Dispose() => _source.Dispose();

    private static StatusCode FromHttp2(long errorCode) => errorCode switch
    {
        Http2RefusedStream => StatusCode.Unavailable,
        Http2Cancel => StatusCode.Cancelled,
        Http2EnhanceYourCalm => StatusCode.ResourceExhausted,
        Http2InadequateSecurity => StatusCode.PermissionDenied,
        Http2InternalError => StatusCode.Internal,
        _ => StatusCode.Internal,
    };
}
