using System.IO.Pipelines;
using Dataplane.Contracts.Grpc;
using Google.Protobuf;

namespace Dataplane.Control.Server.Grpc;

/// <summary>One request, a stream of responses.</summary>
/// <remarks>
/// Messages are sent together for as long as the service has the next one ready, and at once when it has not: a dump is few large writes,
/// a watch is prompt. A client that does not read stops the enumeration at the flush, so the service decides what to lose.
/// </remarks>
internal sealed class ServerStreamingHandler<TRequest, TResponse>(
    GrpcMethod<TRequest, TResponse> method, Func<TRequest, CancellationToken, IAsyncEnumerable<TResponse>> invoke) : RpcHandler
    where TRequest : class, IMessage<TRequest>
    where TResponse : class, IMessage<TResponse>
{
    private const int FlushThreshold = 32 * 1024; // bytes

    public override string Path => method.Path;

    public override bool IsServerStreaming => method.IsServerStreaming;

    public override async Task HandleAsync(PipeReader request, PipeWriter response, int maxMessageSize, CancellationToken call)
    {
        var message = await RequestReader.ReadSingleAsync(request, method.RequestParser, maxMessageSize, call);
        var messages = invoke(message, call).GetAsyncEnumerator(call);
        Task<bool>? pending = null;
        try
        {
            // Headers go out before the first message, so that a watcher knows that it is watching.
            bool unsent = true;
            while (true)
            {
                var next = messages.MoveNextAsync();
                bool isReady = next.IsCompleted;
                pending = next.AsTask();
                if (!isReady && unsent)
                {
                    await FlushAsync(response, call);
                    unsent = false;
                }
                if (!await pending.WaitAsync(call))
                    return;
                MessageFraming.Write(response, messages.Current);
                unsent = true;
                if (response.UnflushedBytes >= FlushThreshold)
                {
                    await FlushAsync(response, call);
                    unsent = false;
                }
            }
        }
        finally
        {
            if (pending is null or { IsCompleted: true })
                await messages.DisposeAsync();
            else
                // The service has not noticed the token yet; an enumerator may be disposed only between two moves.
                _ = DisposeAfterAsync(messages, pending);
        }
    }

    private static async Task DisposeAfterAsync(IAsyncEnumerator<TResponse> messages, Task<bool> pending)
    {
        await ((Task)pending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await messages.DisposeAsync();
    }

    private static async ValueTask FlushAsync(PipeWriter response, CancellationToken call)
    {
        var result = await response.FlushAsync(call);
        if (result.IsCompleted || result.IsCanceled)
            throw new OperationCanceledException("the client is gone", call);
    }
}
