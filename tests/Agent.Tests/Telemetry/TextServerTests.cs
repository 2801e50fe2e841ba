using System.Net;
using System.Net.Sockets;
using System.Text;
using Dataplane.Agent.Telemetry;

namespace Dataplane.Agent.Tests.Telemetry;

/// <summary>The small HTTP server, and the health port on it.</summary>
public sealed class TextServerTests : IDisposable
{
    private readonly TextServer _server = new(new IPEndPoint(IPAddress.Loopback, 0), path => TextAnswer.Plain(path == "/" ? 200 : 404, $"you asked for {path}"));
    private readonly Task _running;

    public TextServerTests() => _running = _server.RunAsync();

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task Answers_get_and_head_with_the_headers_of_a_careful_server()
    {
        var get = await AskAsync("GET /?query HTTP/1.1\r\nHost: anything\r\n\r\n");
        Assert.Equal(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nContent-Length: 15\r\nConnection: close\r\n\r\nyou asked for /",
            get);
        Assert.Equal(get[..^15], await AskAsync("HEAD / HTTP/1.1\r\n\r\n"));
        Assert.StartsWith("HTTP/1.1 404 Not Found\r\n", await AskAsync("GET /other HTTP/1.0\r\n\r\n"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST / HTTP/1.1\r\n\r\n")]
    [InlineData("nonsense\r\n\r\n")]
    [InlineData("\r\n\r\n")]
    public async Task Refuses_what_it_does_not_understand(string request) =>
        Assert.StartsWith("HTTP/1.1 400 Bad Request\r\n", await AskAsync(request), StringComparison.Ordinal);

    [Fact]
    public async Task Refuses_a_request_that_does_not_end()
    {
        var answer = await AskAsync("GET / HTTP/1.1\r\n" + new string('x', 8192 - 16));
        Assert.StartsWith("HTTP/1.1 400 Bad Request\r\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Those_who_say_nothing_keep_nobody_waiting()
    {
        var silent = new List<TcpClient>();
        for (var i = 0; i < 100; i++)
        {
            silent.Add(new TcpClient());
            await silent[^1].ConnectAsync(_server.Address);
        }
        // One after the other they would take 500 s to lose patience.
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", await AskAsync("GET / HTTP/1.1\r\n\r\n").WaitAsync(TimeSpan.FromSeconds(60)), StringComparison.Ordinal);
        silent.ForEach(c => c.Dispose());
    }

    [Fact]
    public async Task Ends_when_it_is_disposed()
    {
        _server.Dispose();
        await _running.WaitAsync(TimeSpan.FromSeconds(20));
        await Assert.ThrowsAnyAsync<SocketException>(() => AskAsync("GET / HTTP/1.1\r\n\r\n"));
    }

    [Fact]
    public async Task K33_a_health_port_that_is_taken_is_tried_again_until_it_is_free()
    {
        await using var log = new RecordingWriter();
        using var stop = new CancellationTokenSource();
        var health = new ProxyHealth(new ProxyTelemetry(TimeProvider.System), TimeProvider.System);
        var endpoint = new HealthEndpoint(_server.Address, health, new Log(log)) { Retry = TimeSpan.FromMilliseconds(20) };
        var running = endpoint.RunAsync(stop.Token);
        await WaitForAsync(() => log.Holds($"warn  --healthz-listen {_server.Address}: cannot listen: Address already in use; end what uses the port"));
        await Task.Delay(100);
        Assert.Equal(2, log.Text.Split("cannot listen").Length);
        _server.Dispose();
        await WaitForAsync(() => log.Holds("is served now"));
        var answer = await AskAsync("GET /healthz HTTP/1.1\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Content-Type-Options: nosniff\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith("\"nodeEligible\": true}", answer, StringComparison.Ordinal);
        Assert.Contains("\"currentTime\"", await AskAsync("GET /livez HTTP/1.1\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 404 Not Found\r\n", await AskAsync("GET / HTTP/1.1\r\n\r\n"), StringComparison.Ordinal);
        await stop.CancelAsync();
        await running.WaitAsync(TimeSpan.FromSeconds(20));
    }

    private async Task<string> AskAsync(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(_server.Address);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync();
    }

    private static async Task WaitForAsync(Func<bool> condition)
    {
        for (var i = 0; !condition(); i++)
        {
            Assert.True(i < 2000, "timed out");
            await Task.Delay(10);
        }
    }
}
