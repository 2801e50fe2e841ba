using Google.Protobuf;

namespace Dataplane.Contracts.Grpc;

/// <summary>One rpc: its path and how its messages are read. Requests are always single; responses may be a stream.</summary>
/// <typeparam name="TRequest">Request message.</typeparam>
/// <typeparam name="TResponse">Response message, or one element of the response stream.</typeparam>
public sealed class GrpcMethod<TRequest, TResponse>(
    string service,
    string name,
    MessageParser<TRequest> requestParser,
    MessageParser<TResponse> responseParser,
    bool isServerStreaming = false)
    where TRequest : class, IMessage<TRequest>
    where TResponse : class, IMessage<TResponse>
{
    /// <summary>Name of the rpc as the .proto spells it.</summary>
    public string Name { get; } = name;

    /// <summary>The :path of requests, <c>/package.Service/Method</c>.</summary>
    public string Path { get; } = $"/{service}/{name}";

    /// <summary>Reads requests.</summary>
    public MessageParser<TRequest> RequestParser { get; } = requestParser;

    /// <summary>Reads responses.</summary>
    public MessageParser<TResponse> ResponseParser { get; } = responseParser;

    /// <summary>Whether the response is a stream of messages.</summary>
    public bool IsServerStreaming { get; } = isServerStreaming;
}
