namespace Dataplane.Contracts.Grpc;

/// <summary>Names and numbers of gRPC over HTTP/2 (grpc/doc/PROTOCOL-HTTP2.md).</summary>
public static class GrpcProtocol
{
    /// <summary>Media type of requests and responses; a suffix such as <c>+proto</c> is allowed on requests.</summary>
    public const string ContentType = "application/grpc";

    /// <summary>Trailer with the decimal <see cref="StatusCode"/>.</summary>
    public const string StatusHeader = "grpc-status";

    /// <summary>Trailer with the percent-encoded text.</summary>
    public const string MessageHeader = "grpc-message";

    /// <summary>Request header with the time the caller grants.</summary>
    public const string TimeoutHeader = "grpc-timeout";

    /// <summary>Header that names how messages with the compressed flag are compressed.</summary>
    public const string EncodingHeader = "grpc-encoding";

    /// <summary>Header that lists the encodings the sender can read; ours is always <see cref="IdentityEncoding"/>.</summary>
    public const string AcceptEncodingHeader = "grpc-accept-encoding";

    /// <summary>No compression: the only encoding spoken here, as both ends share a machine.</summary>
    public const string IdentityEncoding = "identity";

    /// <summary>Bytes before each message: the compressed flag, then the length, big-endian.</summary>
    public const int MessagePrefixSize = 5;

    /// <summary>Largest message either side reads unless told otherwise, bytes. A full state of 10,000 services with 100,000 backends takes about 3.4 MB.</summary>
    public const int DefaultMaxMessageSize = 64 * 1024 * 1024;
}
