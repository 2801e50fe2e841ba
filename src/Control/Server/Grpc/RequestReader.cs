using System.IO.Pipelines;
using Dataplane.Contracts.Grpc;
using Google.Protobuf;

namespace Dataplane.Control.Server.Grpc;

/// <summary>Reads the one message of a request that is not a stream.</summary>
internal static class RequestReader
{
    /// <exception cref="RpcException">No message, more than one, or one that cannot be read.</exception>
    public static async ValueTask<TRequest> ReadSingleAsync<TRequest>(PipeReader body, MessageParser<TRequest> parser, int maxSize, CancellationToken call)
        where TRequest : class, IMessage<TRequest>
    {
        var request = await MessageFraming.ReadAsync(body, parser, maxSize, call)
            ?? throw new RpcException(StatusCode.Internal, "the request ended without a message");
        // Waits for the client to half-close: until then it is not known that the request is whole.
        var end = await body.ReadAsync(call);
        bool more = !end.Buffer.IsEmpty;
        body.AdvanceTo(end.Buffer.Start);
        return more ? throw new RpcException(StatusCode.Internal, "more than one request message") : request;
    }
}
