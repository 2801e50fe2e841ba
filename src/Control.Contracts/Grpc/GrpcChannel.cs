using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using Google.Protobuf;

namespace Dataplane.Contracts.Grpc;

/// <summary>
/// Calls over one HTTP/2 connection (cleartext, prior knowledge) to a Unix socket. Safe for concurrent use; it connects at the first
/// call and again after the peer went away.
/// </summary>
/// <remarks>
/// A call that fails throws <see cref="RpcException"/>, except that the caller's own cancellation surfaces as
/// <see cref="OperationCanceledException"/>, as everywhere else in .NET.
/// </remarks>
public sealed class GrpcChannel : IDisposable
{
    private readonly HttpClient _http;
    private readonly int _maxMessageSize;

    private GrpcChannel(string socketPath, int maxMessageSize)
    {
        _maxMessageSize = maxMessageSize;
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = (_, cancellationToken) => UnixSocketConnector.ConnectAsync(socketPath, cancellationToken),
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null,
            // More than 100 calls at once (the server's limit per connection) open a second connection instead of waiting.
            EnableMultipleHttp2Connections = true,
            // Dumps are megabytes; without it every stream starts with 64 kB round trips.
            InitialHttp2StreamWindowSize = 1024 * 1024,
        };
        _http = new HttpClient(handler, disposeHandler: true) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>A channel to <paramref name="address"/>; nothing is connected yet.</summary>
    /// <param name="address">For example <c>unix:///run/dataplane/control.sock</c>.</param>
    /// <param name="maxMessageSize">Largest response message accepted, bytes.</param>
    /// <exception cref="ArgumentException">The address has another form.</exception>
    public static GrpcChannel ForAddress(string address, int maxMessageSize = GrpcProtocol.DefaultMaxMessageSize) =>
        new(UnixSocketAddress.ParsePath(address), maxMessageSize);

    /// <summary>One request, one response.</summary>
    /// <param name="method">The rpc.</param>
    /// <param name="request">The request.</param>
    /// <param name="timeout">The deadline, from now; null: none.</param>
    /// <param name="cancellationToken">Cancels the call at both ends.</param>
    /// <exception cref="RpcException">Refused, failed, unreachable or not in time.</exception>
    public async Task<TResponse> UnaryAsync<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, TRequest request, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        ArgumentNullException.ThrowIfNull(method);
        using var call = new CallScope(timeout, cancellationToken);
        try
        {
            using var response = await StartAsync(method, request, timeout, call.Token).ConfigureAwait(false);
            var body = await OpenBodyAsync(response, call.Token).ConfigureAwait(false);
            var message = await MessageFraming.ReadAsync(body, method.ResponseParser, _maxMessageSize, call.Token).ConfigureAwait(false);
            if (message is not null && await MessageFraming.ReadAsync(body, method.ResponseParser, _maxMessageSize, call.Token).ConfigureAwait(false) is not null)
                throw new RpcException(StatusCode.Internal, $"{method.Name}: more than one response message");
            ResponseStatus.ThrowUnlessOk(response);
            return message ?? throw new RpcException(StatusCode.Internal, $"{method.Name}: status OK without a response message");
        }
        catch (Exception e) when (call.Translate(e) is { } translated)
        {
            throw translated;
        }
    }

    /// <summary>One request, a stream of responses. The call starts when the enumeration does, and leaving the enumeration cancels it.</summary>
    /// <param name="method">The rpc.</param>
    /// <param name="request">The request.</param>
    /// <param name="timeout">The deadline of the whole stream, from the start of the enumeration; null: none.</param>
    /// <param name="cancellationToken">Cancels the call at both ends.</param>
    /// <exception cref="RpcException">Refused, failed, unreachable or not in time; thrown by the enumeration, after the messages that came before.</exception>
    public async IAsyncEnumerable<TResponse> ServerStreamingAsync<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method,
        TRequest request,
        TimeSpan? timeout = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        ArgumentNullException.ThrowIfNull(method);
        using var call = new CallScope(timeout, cancellationToken);
        HttpResponseMessage? response = null;
        PipeReader? body = null;
        try
        {
            while (true)
            {
                TResponse? message;
                // C# allows no yield inside a try with a catch: only the fetching of the next message is inside.
                try
                {
                    response ??= await StartAsync(method, request, timeout, call.Token).ConfigureAwait(false);
                    body ??= await OpenBodyAsync(response, call.Token).ConfigureAwait(false);
                    message = await MessageFraming.ReadAsync(body, method.ResponseParser, _maxMessageSize, call.Token).ConfigureAwait(false);
                    if (message is null)
                        ResponseStatus.ThrowUnlessOk(response);
                }
                catch (Exception e) when (call.Translate(e) is { } translated)
                {
                    throw translated;
                }
                if (message is null)
                    yield break;
                yield return message;
            }
        }
        finally
        {
            // Disposing a response whose body was not read to its end resets the stream, which is how the server learns of it.
            response?.Dispose();
        }
    }

    /// <summary>Closes the connection; calls under way fail.</summary>
    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> StartAsync<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, TRequest request, TimeSpan? timeout, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, $"http://localhost{method.Path}")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new MessageContent(request),
        };
        // Required by the protocol: it shows proxies that drop trailers.
        message.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        message.Headers.Add(GrpcProtocol.AcceptEncodingHeader, GrpcProtocol.IdentityEncoding);
        if (timeout is { } granted)
            message.Headers.Add(GrpcProtocol.TimeoutHeader, GrpcTimeout.Format(granted));
        return await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
    }

    private static async ValueTask<PipeReader> OpenBodyAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        ResponseStatus.ThrowIfRefused(response);
        return PipeReader.Create(await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), ReaderOptions);
    }

    private static readonly StreamPipeReaderOptions ReaderOptions = new(bufferSize: 32 * 1024, minimumReadSize: 4096);
}
