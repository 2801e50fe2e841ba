using System.IO.Pipelines;

namespace Dataplane.Control.Server.Grpc;

/// <summary>One rpc at the server: reads the request, runs the service, writes the responses.</summary>
internal abstract class RpcHandler
{
    /// <summary>Path of the rpc, <c>/package.Service/Method</c>.</summary>
    public abstract string Path { get; }

    /// <summary>Whether the response is a stream, which may have no end of its own.</summary>
    public abstract bool IsServerStreaming { get; }

    /// <summary>Serves one call. The status, other than by exception, is OK.</summary>
    /// <param name="request">The request body.</param>
    /// <param name="response">The response body; the first byte sends the headers.</param>
    /// <param name="maxMessageSize">Largest request accepted, bytes.</param>
    /// <param name="call">Cancelled when the client is gone, the deadline has passed or the server stops.</param>
    public abstract Task HandleAsync(PipeReader request, PipeWriter response, int maxMessageSize, CancellationToken call);
}
