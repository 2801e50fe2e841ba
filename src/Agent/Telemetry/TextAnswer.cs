namespace Dataplane.Agent.Telemetry;

/// <summary>An answer over HTTP.</summary>
/// <param name="Status">Status code.</param>
/// <param name="Type">Content type.</param>
/// <param name="Body">Content, sent as UTF-8.</param>
public sealed record TextAnswer(int Status, string Type, string Body)
{
    /// <summary>Plain text.</summary>
    public static TextAnswer Plain(int status, string body) => new(status, "text/plain; charset=utf-8", body);
}
