namespace Dataplane.Contracts.Grpc;

/// <summary>How an rpc ended; numbers and names are those of gRPC (grpc/doc/statuscodes.md).</summary>
public enum StatusCode
{
    /// <summary>Success.</summary>
    OK = 0,

    /// <summary>The caller cancelled.</summary>
    Cancelled = 1,

    /// <summary>The server failed in a way that it did not foresee.</summary>
    Unknown = 2,

    /// <summary>The request is wrong whatever the state; the message names the field.</summary>
    InvalidArgument = 3,

    /// <summary>Not done within the caller's deadline.</summary>
    DeadlineExceeded = 4,

    /// <summary>What the request names does not exist.</summary>
    NotFound = 5,

    /// <summary>What the request would make exists with other properties.</summary>
    AlreadyExists = 6,

    /// <summary>The caller may not do this.</summary>
    PermissionDenied = 7,

    /// <summary>A limit is reached: a table is full, or a message is too large.</summary>
    ResourceExhausted = 8,

    /// <summary>The request does not fit the present state.</summary>
    FailedPrecondition = 9,

    /// <summary>A conflict with another call.</summary>
    Aborted = 10,

    /// <summary>Past the end of what is there.</summary>
    OutOfRange = 11,

    /// <summary>The server has no such method, or cannot read such an encoding.</summary>
    Unimplemented = 12,

    /// <summary>An invariant is broken: malformed framing or protobuf.</summary>
    Internal = 13,

    /// <summary>Nobody answers; trying again may help.</summary>
    Unavailable = 14,

    /// <summary>Data is lost or corrupt.</summary>
    DataLoss = 15,

    /// <summary>The caller is not authenticated.</summary>
    Unauthenticated = 16,
}
