using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Dataplane.Agent.Telemetry;

/// <summary>
/// Serves short texts over HTTP/1.1: one GET or HEAD per connection. HttpListener would refuse requests whose Host is not the
/// address it was given, and a web server is more than a few short texts need.
/// </summary>
public sealed class TextServer : IDisposable
{
    private const int LargestRequest = 8192;

    // Whoever opens connections and says nothing keeps a place for five seconds.
    private const int Places = 128;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(50);

    private readonly TcpListener _listener;
    private readonly Func<string, TextAnswer> _answer;
    private readonly SemaphoreSlim _places = new(Places, Places);
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Starts to listen.</summary>
    /// <param name="address">Address and port; port 0 takes a free one, and [::] both families.</param>
    /// <param name="answer">Answers a path; may be called by several threads.</param>
    /// <exception cref="SocketException">The port is taken or may not be used.</exception>
    public TextServer(IPEndPoint address, Func<string, TextAnswer> answer)
    {
        ArgumentNullException.ThrowIfNull(address);
        _answer = answer;
        _listener = new TcpListener(address);
        try
        {
            if (address.Address.Equals(IPAddress.IPv6Any))
                _listener.Server.DualMode = true;
            _listener.Start();
            Address = (IPEndPoint)_listener.LocalEndpoint;
        }
        catch
        {
            _listener.Dispose();
            throw;
        }
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint Address { get; }

    /// <summary>Answers until disposed.</summary>
    public async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _places.WaitAsync(_stop.Token).ConfigureAwait(false);
                _ = ServeAsync(await AcceptAsync().ConfigureAwait(false));
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                // The end.
            }
            catch (SocketException)
            {
                // A connection that was gone before it was taken, or no descriptors left: those come back when others end.
                await Task.Delay(AcceptPause, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
    }

    private async Task<TcpClient> AcceptAsync()
    {
        try
        {
            return await _listener.AcceptTcpClientAsync(_stop.Token).ConfigureAwait(false);
        }
        catch
        {
            _places.Release();
            throw;
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            using (client)
            {
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                patience.CancelAfter(Patience);
                await AnswerAsync(client.GetStream(), patience.Token).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            // Slow, gone, or the end.
        }
        finally
        {
            _places.Release();
        }
    }

    private async Task AnswerAsync(NetworkStream stream, CancellationToken cancel)
    {
        var (method, path) = await ReadRequestAsync(stream, cancel).ConfigureAwait(false);
        var answer = method is null ? TextAnswer.Plain(400, "GET and HEAD only\n") : _answer(path);
        var body = Encoding.UTF8.GetBytes(answer.Body);
        var reason = answer.Status switch { 200 => "OK", 400 => "Bad Request", 404 => "Not Found", _ => "Service Unavailable" };
        var head = $"HTTP/1.1 {answer.Status} {reason}\r\nContent-Type: {answer.Type}\r\nX-Content-Type-Options: nosniff\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), cancel).ConfigureAwait(false);
        if (method != "HEAD")
            await stream.WriteAsync(body, cancel).ConfigureAwait(false);
    }

    // Method and path of "GET PATH HTTP/1.1", without a query; the method is null for anything else.
    private static async Task<(string? Method, string Path)> ReadRequestAsync(NetworkStream stream, CancellationToken cancel)
    {
        var buffer = new byte[LargestRequest];
        var length = 0;
        // To the end of the headers: closing with unread bytes would reset the connection before the answer is read.
        while (buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8) < 0)
        {
            var read = length == buffer.Length ? 0 : await stream.ReadAsync(buffer.AsMemory(length), cancel).ConfigureAwait(false);
            if (read == 0)
                return (null, "");
            length += read;
        }
        var words = Encoding.ASCII.GetString(buffer, 0, buffer.AsSpan(0, length).IndexOf((byte)'\r')).Split(' ');
        return words is ["GET" or "HEAD", var target, _] ? (words[0], target.Split('?')[0]) : (null, "");
    }
}
