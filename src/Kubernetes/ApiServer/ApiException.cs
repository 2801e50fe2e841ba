using System.Net;

namespace Dataplane.Kubernetes;

/// <summary>An API server said no: by the status of its answer, or by an event of a watch.</summary>
public sealed class ApiException : Exception
{
    /// <summary>Makes the error.</summary>
    /// <param name="status">HTTP status, or the code of a Status.</param>
    /// <param name="reason">Its reason: "Expired".</param>
    /// <param name="message">In the server's words.</param>
    public ApiException(HttpStatusCode status, string reason, string message)
        : base($"{(int)status} {(reason.Length > 0 ? reason : status.ToString())}{(message.Length > 0 ? ": " : "")}{message}")
    {
        Status = status;
    }

    /// <summary>HTTP status, or the code of a Status.</summary>
    public HttpStatusCode Status { get; }

    /// <summary>How long the server wants to be left alone; zero: it does not say.</summary>
    public TimeSpan RetryAfter { get; init; }

    /// <summary>The version asked for is too old to go on from: only a list helps.</summary>
    public bool IsExpired => Status == HttpStatusCode.Gone;

    /// <summary>It is about us or about now, not about what was asked for.</summary>
    public bool IsRefusal => Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable;

    /// <summary>The server does not have this resource in this version.</summary>
    public bool IsUnknown => Status == HttpStatusCode.NotFound;
}
