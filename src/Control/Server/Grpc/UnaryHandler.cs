using System.IO.Pipelines;
using Dataplane.Contracts.Grpc;
using Google.Protobuf;

namespace Dataplane.Control.Server.Grpc;

/// <summary>One request, one response.</summary>
internal sealed class UnaryHandler<TRequest, TResponse>(
    GrpcMethod<TRequest, TResponse> method, Func<TRequest, CancellationToken, Task<TResponse>> invoke) : RpcHandler
    where TRequest : class, IMessage<TRequest>
    where TResponse : class, IMessage<TResponse>
{
    public override string Path => method.Path;

    public override bool IsServerStreaming => method.IsServerStreaming;

    public override async Task HandleAsync(PipeReader request, PipeWriter response, int maxMessageSize, CancellationToken call)
    {
        var message = await RequestReader.ReadSingleAsync(request, method.RequestParser, maxMessageSize, call);
        // A service that is slow to notice the token must not hold back the answer to a deadline; its result is then dropped.
        var result = await invoke(message, call).WaitAsync(call);
        MessageFraming.Write(response, result);
    }
}
