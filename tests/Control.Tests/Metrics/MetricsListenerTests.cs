using System.Net;
using Dataplane.Control.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Dataplane.Control.Tests.Metrics;

public sealed class MetricsListenerTests : IAsyncLifetime, IDisposable
{
    private readonly SampleHealth _health = new();
    private readonly HttpClient _http = new();
    private readonly FailingSource _failing = new();
    private readonly MetricsListener _listener;

    public MetricsListenerTests() => _listener = new MetricsListener(
        new IPEndPoint(IPAddress.Loopback, 0), [new DataplaneMetrics(new SampleTelemetry()), _failing], _health, NullLoggerFactory.Instance);

    public async Task InitializeAsync()
    {
        await _listener.StartAsync();
        _http.BaseAddress = new Uri($"http://127.0.0.1:{_listener.Port}");
    }

    public Task DisposeAsync() => _listener.StopAsync();

    public void Dispose()
    {
        _http.Dispose();
        _listener.Dispose();
    }

    [Fact]
    public async Task MetricsAreServedInTheTextFormat()
    {
        using var response = await _http.GetAsync("/metrics");
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        string page = await response.Content.ReadAsStringAsync();
        Assert.Contains("\ndataplane_port_rx_packets_total{port=\"eth1\",queue=\"0\",kind=\"uplink\"} 1000\n", page, StringComparison.Ordinal);
        Assert.Contains("\ndataplane_port_rx_packets_total{port=\"we\\\"ird\\\\name\",queue=\"0\",kind=\"pod\"} 1.8446744073709552E+19\n", page, StringComparison.Ordinal);
        Assert.Contains("\ndataplane_drops_total{reason=\"PolicyDenied\",direction=\"ingress\"} 17\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FailingSourceFailsTheScrapeAsAWhole()
    {
        _failing.Fails = true;
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => _http.GetStringAsync("/metrics"));
        _failing.Fails = false;
        Assert.NotEmpty(await _http.GetStringAsync("/metrics"));
    }

    [Fact]
    public async Task HealthNamesWhatFails()
    {
        Assert.Equal((200, "ok\n"), await Get("/healthz"));
        Assert.Equal((200, "ok\n"), await Get("/readyz"));
        _health.Unready.Add(new HealthFault("agent", "no state received yet"));
        Assert.Equal((200, "ok\n"), await Get("/healthz"));
        Assert.Equal((503, "agent: no state received yet\n"), await Get("/readyz"));
        _health.Unhealthy.Add(new HealthFault("worker-0", "no progress for 12 s"));
        Assert.Equal((503, "worker-0: no progress for 12 s\n"), await Get("/healthz"));
        Assert.Equal((503, "worker-0: no progress for 12 s\nagent: no state received yet\n"), await Get("/readyz"));
    }

    [Fact]
    public async Task OtherPathsAndMethodsAreRefused()
    {
        Assert.Equal(404, (await Get("/debug")).Status);
        // The control service must not be reachable from the network.
        Assert.Equal(405, (int)(await _http.PostAsync("/dataplane.v1.Control/GetStatus", null)).StatusCode);
    }

    [Fact]
    public async Task TakenAddressIsNamedWithARemedy()
    {
        using var second = new MetricsListener(new IPEndPoint(IPAddress.Loopback, _listener.Port), [], _health, NullLoggerFactory.Instance);
        var failure = await Assert.ThrowsAsync<IOException>(() => second.StartAsync());
        Assert.StartsWith($"metrics-listen 127.0.0.1:{_listener.Port}: ", failure.Message, StringComparison.Ordinal);
        Assert.EndsWith("; choose another address with --metrics-listen, or off", failure.Message, StringComparison.Ordinal);
    }

    private async Task<(int Status, string Body)> Get(string path)
    {
        using var response = await _http.GetAsync(path);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private sealed class FailingSource : IMetricsSource
    {
        public bool Fails;

        public void Write(ref MetricsWriter writer)
        {
            if (Fails)
                throw new InvalidOperationException("source is broken");
        }
    }
}
