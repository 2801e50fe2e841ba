using System.Net;
using System.Net.Sockets;

namespace Dataplane.Agent.Telemetry;

/// <summary>Serves /metrics, /healthz and /readyz, and what kube-proxy serves beside its metrics: /proxyMode and /configz.</summary>
public sealed class MetricsEndpoint : IDisposable
{
    private readonly AgentStatus _status;
    private readonly string _configuration;
    private readonly TextServer _server;

    /// <summary>Starts to listen.</summary>
    /// <param name="address">Address and port; port 0 takes a free one.</param>
    /// <param name="status">What is served.</param>
    /// <param name="configuration">The options in force, as JSON.</param>
    /// <exception cref="SocketException">The port is taken or may not be used.</exception>
    public MetricsEndpoint(IPEndPoint address, AgentStatus status, string configuration)
    {
        _status = status;
        _configuration = configuration;
        _server = new TextServer(address, Answer);
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint Address => _server.Address;

    /// <summary>Answers until disposed.</summary>
    public Task RunAsync() => _server.RunAsync();

    /// <inheritdoc/>
    public void Dispose() => _server.Dispose();

    private TextAnswer Answer(string path) => path switch
    {
        "/metrics" => new TextAnswer(200, "text/plain; version=0.0.4; charset=utf-8", AgentMetrics.Render(_status)),
        "/healthz" => TextAnswer.Plain(200, "ok\n"),
        // An API server that is away is no reason to take the node out of service: it has a state to forward by (F6).
        "/readyz" when _status is { IsReady: true, Api.Stale: { Count: > 0 } stale } =>
            TextAnswer.Plain(200, $"ok (stale: the API server is not followed for {string.Join(", ", stale)})\n"),
        "/readyz" when _status.IsReady => TextAnswer.Plain(200, "ok\n"),
        "/readyz" => TextAnswer.Plain(503, "the dataplane does not have the latest state\n"),
        // No line end: scripts compare the whole text.
        "/proxyMode" => TextAnswer.Plain(200, "dataplane"),
        "/configz" => new TextAnswer(200, "application/json", _configuration),
        _ => TextAnswer.Plain(404, "try /metrics, /healthz, /readyz, /proxyMode or /configz\n"),
    };
}
