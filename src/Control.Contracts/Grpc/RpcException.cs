namespace Dataplane.Contracts.Grpc;

/// <summary>An rpc that did not end with <see cref="StatusCode.OK"/>: thrown by a service to refuse, and by a client that was refused.</summary>
public sealed class RpcException : Exception
{
    /// <summary>Makes the failure.</summary>
    /// <param name="statusCode">The gRPC code.</param>
    /// <param name="detail">For people: what is wrong, with what, and what to do.</param>
    /// <param name="innerException">The cause; it stays on this side of the wire.</param>
    public RpcException(StatusCode statusCode, string detail, Exception? innerException = null)
        : base($"{statusCode}: {detail}", innerException)
    {
        StatusCode = statusCode;
        Detail = detail;
    }

    /// <summary>The gRPC code.</summary>
    public StatusCode StatusCode { get; }

    /// <summary>The text of grpc-message; may be empty.</summary>
    public string Detail { get; }
}
