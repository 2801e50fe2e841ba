using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace Dataplane.Contracts.Grpc;

/// <summary>Reads how a call ended from the headers (a "trailers-only" response) or the trailers.</summary>
internal static class ResponseStatus
{
    /// <summary>Throws when the headers already hold a failure, or are not those of a gRPC server.</summary>
    public static void ThrowIfRefused(HttpResponseMessage response)
    {
        if (TryRead(response.Headers, out var code, out string detail))
        {
            if (code != StatusCode.OK)
                throw new RpcException(code, detail);
            return;
        }
        if (response.StatusCode != HttpStatusCode.OK)
            throw new RpcException(FromHttp(response.StatusCode), $"the server answered HTTP {(int)response.StatusCode}");
        string? mediaType = response.Content.Headers.ContentType?.MediaType;
        if (mediaType is null || !mediaType.StartsWith(GrpcProtocol.ContentType, StringComparison.OrdinalIgnoreCase))
            throw new RpcException(StatusCode.Unknown, $"the server answered with content-type '{mediaType}', not {GrpcProtocol.ContentType}");
    }

    /// <summary>Throws unless the body, read to its end, was followed by status OK.</summary>
    public static void ThrowUnlessOk(HttpResponseMessage response)
    {
        if (!TryRead(response.TrailingHeaders, out var code, out string detail) && !TryRead(response.Headers, out code, out detail))
            throw new RpcException(StatusCode.Internal, "the response ended without grpc-status");
        if (code != StatusCode.OK)
            throw new RpcException(code, detail);
    }

    private static bool TryRead(HttpResponseHeaders headers, out StatusCode code, out string detail)
    {
        (code, detail) = (StatusCode.OK, "");
        if (!headers.TryGetValues(GrpcProtocol.StatusHeader, out var status))
            return false;
        // An unknown number is UNKNOWN, as gRPC's libraries have it.
        code = int.TryParse(status.First(), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number <= (int)StatusCode.Unauthenticated
            ? (StatusCode)number
            : StatusCode.Unknown;
        if (headers.TryGetValues(GrpcProtocol.MessageHeader, out var message))
            detail = PercentEncoding.Decode(string.Join(",", message));
        return true;
    }

    // grpc/doc/http-grpc-status-mapping.md
    private static StatusCode FromHttp(HttpStatusCode status) => status switch
    {
        HttpStatusCode.BadRequest => StatusCode.Internal,
        HttpStatusCode.Unauthorized => StatusCode.Unauthenticated,
        HttpStatusCode.Forbidden => StatusCode.PermissionDenied,
        HttpStatusCode.NotFound => StatusCode.Unimplemented,
        HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout =>
            StatusCode.Unavailable,
        _ => StatusCode.Unknown,
    };
}
