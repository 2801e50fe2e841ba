using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Dataplane.Control.Metrics;
using Dataplane.Control.Server.HealthChecks;
using Dataplane.Control.Tests.Metrics;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Dataplane.Control.Tests.Server.HealthChecks;

public sealed class HealthCheckPortsTests : IAsyncLifetime, IDisposable
{
    private readonly SampleHealth _health = new();
    private readonly LogLines _log = new();
    private readonly HttpClient _http = new();
    private readonly HealthCheckPorts _ports;

    public HealthCheckPortsTests() => _ports = new HealthCheckPorts(_health, _log, retry: TimeSpan.FromMilliseconds(50));

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _ports.DisposeAsync();

    public void Dispose()
    {
        _http.Dispose();
        _log.Dispose();
    }

    [Fact]
    public async Task K13_AnswersByteForByteAsKubeProxyDoes()
    {
        ushort port = FreePort();
        _ports.Update([new(port, "shop", "web", 3)]);
        string answer = await Raw(port, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        string[] parts = answer.Split("\r\n\r\n");
        Assert.Equal("{\n\t\"service\": {\n\t\t\"namespace\": \"shop\",\n\t\t\"name\": \"web\"\n\t},\n\t\"localEndpoints\": 3,\n\t\"serviceProxyHealthy\": true\n}", parts[1]);
        string[] headers = parts[0].Split("\r\n");
        Assert.Equal("HTTP/1.1 200 OK", headers[0]);
        Assert.Contains("Content-Type: application/json", headers);
        Assert.Contains("X-Content-Type-Options: nosniff", headers);
        Assert.Contains("X-Load-Balancing-Endpoint-Weight: 3", headers);
        Assert.Contains($"Content-Length: {parts[1].Length}", headers);
    }

    [Theory]
    [InlineData(1, true, 200)]
    [InlineData(0, true, 503)]
    [InlineData(1, false, 503)]
    [InlineData(0, false, 503)]
    public async Task K13_HealthyOnlyWithEndpointsAndAHealthyDataplane(int endpoints, bool healthy, int status)
    {
        if (!healthy) _health.Unhealthy.Add(new HealthFault("worker-0", "its thread has ended"));
        ushort port = FreePort();
        _ports.Update([new(port, "shop", "web", endpoints)]);
        using var response = await _http.GetAsync($"http://127.0.0.1:{port}/");
        Assert.Equal((HttpStatusCode)status, response.StatusCode);
        string body = await response.Content.ReadAsStringAsync();
        Assert.Contains($"\"localEndpoints\": {endpoints},", body, StringComparison.Ordinal);
        Assert.Contains($"\"serviceProxyHealthy\": {(healthy ? "true" : "false")}", body, StringComparison.Ordinal);
        Assert.Equal([endpoints.ToString()], response.Headers.GetValues("X-Load-Balancing-Endpoint-Weight"));
    }

    [Fact]
    public async Task K9_K13_OnlyWhereNodePortsAreServed()
    {
        await using var ports = new HealthCheckPorts(_health, _log, address => address.Equals(IPAddress.Parse("127.0.0.2")));
        ushort port = FreePort();
        ports.Update([new(port, "shop", "web", 1)]);
        using var response = await _http.GetAsync($"http://127.0.0.2:{port}/");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        for (int i = 0; i < 3; i++)
        {
            // The reset may come while HttpClient still asks its new socket for its addresses, which it lets through as it is.
            var refused = await Record.ExceptionAsync(() => _http.GetAsync($"http://127.0.0.1:{port}/"));
            Assert.True(refused is HttpRequestException or SocketException, refused?.ToString() ?? "answered");
        }
    }

    [Theory]
    [InlineData("GET", "/any/path?x=1")]
    [InlineData("POST", "/")]
    [InlineData("HEAD", "/healthz")]
    public async Task AnyPathAndMethodIsAnswered(string method, string path)
    {
        ushort port = FreePort();
        _ports.Update([new(port, "shop", "web", 1)]);
        using var request = new HttpRequestMessage(new HttpMethod(method), $"http://127.0.0.1:{port}{path}");
        using var response = await _http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(method == "HEAD", (await response.Content.ReadAsByteArrayAsync()).Length == 0);
    }

    [Fact]
    public async Task PortsComeGoAndChangeTheirServiceWhileOthersKeepTheirConnections()
    {
        ushort a = FreePort(), b = FreePort(), c = FreePort();
        _ports.Update([new(a, "shop", "a", 1), new(b, "shop", "b", 1)]);
        using var kept = new KeepAlive(a);
        Assert.Contains("\"name\": \"a\"", await kept.Get(), StringComparison.Ordinal);

        _ports.Update([new(a, "shop", "a", 0), new(c, "shop", "b", 2)]);
        Assert.Contains("\"localEndpoints\": 0", await kept.Get(), StringComparison.Ordinal);
        Assert.Contains("\"name\": \"b\"", await _http.GetStringAsync($"http://127.0.0.1:{c}"), StringComparison.Ordinal);
        await Assert.ThrowsAsync<HttpRequestException>(() => _http.GetStringAsync($"http://127.0.0.1:{b}"));
        Assert.Equal(((ushort[])[a, c]).Order(), _ports.Bound.Order());

        _ports.Update([new(a, "shop", "other", 5)]);
        Assert.Contains("\"name\": \"other\"", await kept.Get(), StringComparison.Ordinal);
        _ports.Update([]);
        await Assert.ThrowsAnyAsync<IOException>(kept.Get); // not answered for a service that is gone
        Assert.Empty(_ports.Bound);
    }

    [Fact]
    public async Task APortThatIsTakenIsReportedOnceAndListenedOnWhenItIsFree()
    {
        using var other = new TcpListener(IPAddress.Any, 0);
        other.Start();
        ushort port = (ushort)((IPEndPoint)other.LocalEndpoint).Port, free = FreePort();
        _ports.Update([new(port, "shop", "web", 1), new(free, "shop", "db", 1)]);
        Assert.Contains("\"name\": \"db\"", await _http.GetStringAsync($"http://127.0.0.1:{free}"), StringComparison.Ordinal);
        await Task.Delay(200); // several tries
        string line = Assert.Single(_log.Lines);
        Assert.Contains($"health check port {port} of service shop/web cannot be listened on: Address already in use", line, StringComparison.Ordinal);
        Assert.Contains($"ss -ltnp 'sport = :{port}'", line, StringComparison.Ordinal);

        other.Stop();
        Assert.True(SpinWait.SpinUntil(() => _ports.Bound.Contains(port), TimeSpan.FromSeconds(10)));
        Assert.Contains("\"name\": \"web\"", await _http.GetStringAsync($"http://127.0.0.1:{port}"), StringComparison.Ordinal);
        Assert.True(SpinWait.SpinUntil(() => _log.Lines.Last().EndsWith("is listened on now", StringComparison.Ordinal), TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task OfTwoServicesWithOnePortTheFirstIsAnsweredForAndTheOtherReported()
    {
        ushort port = FreePort();
        _ports.Update([new(port, "shop", "web", 1), new(port, "shop", "db", 1)]);
        Assert.Contains("\"name\": \"db\"", await _http.GetStringAsync($"http://127.0.0.1:{port}"), StringComparison.Ordinal);
        Assert.Contains("claimed by services shop/db and shop/web", Assert.Single(_log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ManyPortsAndProbesAtOnceAreAnswered()
    {
        ushort[] ports = [.. Enumerable.Range(0, 50).Select(_ => FreePort()).Distinct()];
        _ports.Update(ports.Select((port, i) => new HealthCheckPort(port, "shop", $"s{i}", i)));
        var answers = await Task.WhenAll(Enumerable.Range(0, 500).Select(async i =>
        {
            using var response = await _http.GetAsync($"http://127.0.0.1:{ports[i % ports.Length]}");
            return (i % ports.Length, await response.Content.ReadAsStringAsync());
        }));
        Assert.All(answers, answer => Assert.Contains($"\"name\": \"s{answer.Item1}\"", answer.Item2, StringComparison.Ordinal));
    }

    [Fact]
    public async Task DisposingClosesEverythingAndUpdatesAfterwardsDoNothing()
    {
        ushort port = FreePort();
        _ports.Update([new(port, "shop", "web", 1)]);
        await _ports.DisposeAsync();
        _ports.Update([new(port, "shop", "web", 1)]);
        await Assert.ThrowsAsync<HttpRequestException>(() => _http.GetStringAsync($"http://127.0.0.1:{port}"));
        using var listener = new TcpListener(IPAddress.Any, port);
        listener.Start();
    }

    private static ushort FreePort()
    {
        using var socket = new TcpListener(IPAddress.Any, 0);
        socket.Start();
        return (ushort)((IPEndPoint)socket.LocalEndpoint).Port;
    }

    private static async Task<string> Raw(ushort port, string request)
    {
        using var client = new TcpClient("127.0.0.1", port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));
        using var reader = new StreamReader(client.GetStream());
        return await reader.ReadToEndAsync();
    }

    /// <summary>One connection for several requests.</summary>
    private sealed class KeepAlive(ushort port) : IDisposable
    {
        private readonly TcpClient _client = new("127.0.0.1", port);

        public async Task<string> Get()
        {
            var stream = _client.GetStream();
            await stream.WriteAsync("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
            var text = new StringBuilder();
            var buffer = new byte[4096];
            while (!text.ToString().EndsWith("\n}", StringComparison.Ordinal))
            {
                int length = await stream.ReadAsync(buffer);
                if (length == 0) throw new IOException("the connection was closed");
                text.Append(Encoding.ASCII.GetString(buffer, 0, length));
            }
            return text.ToString();
        }

        public void Dispose() => _client.Dispose();
    }

    /// <summary>Keeps what was logged.</summary>
    private sealed class LogLines : ILoggerFactory, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Information) Lines.Enqueue(formatter(state, exception));
        }
    }
}
