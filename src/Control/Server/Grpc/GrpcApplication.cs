using System.Collections.Frozen;
using System.Globalization;
using Dataplane.Contracts;
using Dataplane.Contracts.Grpc;
using Dataplane.Control.Metrics;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Dataplane.Control.Server.Grpc;

/// <summary>gRPC over Kestrel's HTTP/2: turns one HTTP request into one rpc. Could be replaced by Grpc.AspNetCore without touching the service.</summary>
internal sealed class GrpcApplication : IHttpApplication<HttpContext>
{
    // Characters; clients refuse header blocks of more than 8 kB, and would then lose the status as well.
    private const int MaxDetailLength = 2048;

    private readonly FrozenDictionary<string, RpcHandler> _rpcs;
    private readonly int _maxMessageSize;
    private readonly ILogger _logger;
    private readonly CancellationToken _stopping;

    /// <param name="service">What is served.</param>
    /// <param name="maxMessageSize">Largest request accepted, bytes.</param>
    /// <param name="logger">For failures that the service did not foresee.</param>
    /// <param name="stopping">Cuts the streams.</param>
    public GrpcApplication(IControlService service, int maxMessageSize, ILogger logger, CancellationToken stopping)
    {
        (_maxMessageSize, _logger, _stopping) = (maxMessageSize, logger, stopping);
        _rpcs = ControlRpcs.Bind(service);
        Metrics = new RpcMetrics(_rpcs.Keys);
    }

    /// <summary>Calls so far.</summary>
    public RpcMetrics Metrics { get; }

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }

    public async Task ProcessRequestAsync(HttpContext context)
    {
        if (!AcceptAsGrpc(context))
            return;
        context.Response.ContentType = GrpcProtocol.ContentType;
        context.Response.Headers[GrpcProtocol.AcceptEncodingHeader] = GrpcProtocol.IdentityEncoding;
        string path = context.Request.Path.Value ?? "";
        if (!_rpcs.TryGetValue(path, out var rpc))
        {
            Finish(context, StatusCode.Unimplemented, $"unknown method {path}");
            return;
        }
        long begin = Metrics.Begin(path);
        var status = await ServeAsync(context, rpc);
        Metrics.End(path, begin, status);
    }

    private async Task<StatusCode> ServeAsync(HttpContext context, RpcHandler rpc)
    {
        CallDeadline? deadline = null;
        try
        {
            // Streams may have no end of their own and are cut when the server stops; a single answer is worth waiting for.
            deadline = new CallDeadline(ReadTimeout(context.Request), context.RequestAborted, rpc.IsServerStreaming ? _stopping : default);
            await rpc.HandleAsync(context.Request.BodyReader, context.Response.BodyWriter, _maxMessageSize, deadline.Token);
            Finish(context, StatusCode.OK, "");
            return StatusCode.OK;
        }
        catch (Exception e)
        {
            if (deadline is { IsClientGone: true })
                return StatusCode.Cancelled;
            var failure = ToStatus(e, deadline, rpc.Path);
            Finish(context, failure.StatusCode, failure.Detail);
            return failure.StatusCode;
        }
        finally
        {
            deadline?.Dispose();
        }
    }

    private static bool AcceptAsGrpc(HttpContext context)
    {
        // What does not speak gRPC gets an HTTP answer it can read.
        int refusal = !HttpMethods.IsPost(context.Request.Method) ? StatusCodes.Status405MethodNotAllowed
            : !IsGrpc(context.Request.ContentType) ? StatusCodes.Status415UnsupportedMediaType
            : 0;
        if (refusal == 0)
            return true;
        context.Response.StatusCode = refusal;
        return false;
    }

    private static bool IsGrpc(string? contentType) =>
        contentType is not null
        && contentType.StartsWith(GrpcProtocol.ContentType, StringComparison.OrdinalIgnoreCase)
        && (contentType.Length == GrpcProtocol.ContentType.Length || contentType[GrpcProtocol.ContentType.Length] is ';' or '+');

    private static TimeSpan? ReadTimeout(HttpRequest request)
    {
        string? header = request.Headers[GrpcProtocol.TimeoutHeader];
        if (header is null)
            return null;
        return GrpcTimeout.TryParse(header, out var timeout)
            ? timeout
            : throw new RpcException(StatusCode.Internal, $"malformed {GrpcProtocol.TimeoutHeader} '{header}'");
    }

    private RpcException ToStatus(Exception exception, CallDeadline? deadline, string path)
    {
        switch (exception)
        {
            case RpcException refusal:
                return refusal;
            case OperationCanceledException when deadline is { Token.IsCancellationRequested: true }:
                return deadline.ToException();
            default:
                _logger.LogError(exception, "{Path} failed", path);
                return new RpcException(StatusCode.Unknown, $"{exception.GetType().Name}: {exception.Message}");
        }
    }

    private static void Finish(HttpContext context, StatusCode code, string detail)
    {
        var response = context.Response;
        // A failure before the first message is a "trailers-only" response: the status is in the only header block.
        bool trailersOnly = code != StatusCode.OK && !response.HasStarted && response.BodyWriter.UnflushedBytes == 0;
        var headers = trailersOnly ? response.Headers : context.Features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers;
        headers[GrpcProtocol.StatusHeader] = ((int)code).ToString(CultureInfo.InvariantCulture);
        if (detail.Length > MaxDetailLength)
            detail = string.Concat(detail.AsSpan(0, MaxDetailLength), "...");
        if (detail.Length != 0)
            headers[GrpcProtocol.MessageHeader] = PercentEncoding.Encode(detail);
    }
}
