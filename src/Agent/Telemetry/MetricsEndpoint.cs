using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Dataplane.Agent.Telemetry;

/// <summary>
/// Serves /metrics, /healthz and /readyz: one GET per connection, one connection at a time. HttpListener would refuse
/// requests whose Host is not the address it was given, and a web server is more than three short texts need.
/// </summary>
public sealed class MetricsEndpoint : IDisposable
{
    private const int LargestRequest = 8192;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly TcpListener _listener;
    private readonly AgentStatus _status;
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Starts to listen.</summary>
    /// <param name="address">Address and port; port 0 takes a free one.</param>
    /// <param name="status">What is served.</param>
    /// <exception cref="SocketException">The port is taken or may not be used.</exception>
    public MetricsEndpoint(IPEndPoint address, AgentStatus status)
    {
        _status = status;
        _listener = new TcpListener(address);
        _listener.Start();
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint Address => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>Answers until disposed.</summary>
    public async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using var client = await _listener.AcceptTcpClientAsync(_stop.Token).ConfigureAwait(false);
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                patience.CancelAfter(Patience);
                await AnswerAsync(client.GetStream(), patience.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (e is OperationCanceledException or IOException or SocketException)
            {
                // Slow, gone, or the end.
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
    }

    private async Task AnswerAsync(NetworkStream stream, CancellationToken cancel)
    {
        var path = await ReadPathAsync(stream, cancel).ConfigureAwait(false);
        var (status, type, text) = path switch
        {
            "/metrics" => ("200 OK", "text/plain; version=0.0.4; charset=utf-8", AgentMetrics.Render(_status)),
            "/healthz" => ("200 OK", "text/plain", "ok\n"),
            "/readyz" when _status.IsReady => ("200 OK", "text/plain", "ok\n"),
            "/readyz" => ("503 Service Unavailable", "text/plain", "the dataplane does not have the latest state\n"),
            null => ("400 Bad Request", "text/plain", "GET only\n"),
            _ => ("404 Not Found", "text/plain", "try /metrics, /healthz or /readyz\n"),
        };
        var body = Encoding.UTF8.GetBytes(text);
        var head = $"HTTP/1.1 {status}\r\nContent-Type: {type}\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), cancel).ConfigureAwait(false);
        await stream.WriteAsync(body, cancel).ConfigureAwait(false);
    }

    // The path of "GET PATH HTTP/1.1", without a query; null for anything else.
    private static async Task<string?> ReadPathAsync(NetworkStream stream, CancellationToken cancel)
    {
        var buffer = new byte[LargestRequest];
        var length = 0;
        // To the end of the headers: closing with unread bytes would reset the connection before the answer is read.
        while (buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8) < 0)
        {
            var read = length == buffer.Length ? 0 : await stream.ReadAsync(buffer.AsMemory(length), cancel).ConfigureAwait(false);
            if (read == 0)
                return null;
            length += read;
        }
        var words = Encoding.ASCII.GetString(buffer, 0, buffer.AsSpan(0, length).IndexOf((byte)'\r')).Split(' ');
        return words is ["GET", var target, _] ? target.Split('?')[0] : null;
    }
}
