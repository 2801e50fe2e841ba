using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Dataplane.Control.Metrics;
using Dataplane.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Dataplane.Control.Tests.Metrics;

/// <summary>What Prometheus itself makes of our page.</summary>
public sealed class PrometheusTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _directory = Directory.CreateTempSubdirectory("dp-prometheus-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task PromtoolFindsNothingToCorrect()
    {
        using var listener = await StartAsync();
        using var http = new HttpClient();
        string page = Path.Combine(_directory, "page.txt");
        await File.WriteAllTextAsync(page, await http.GetStringAsync($"http://127.0.0.1:{listener.Port}/metrics"));
        var result = Command.Script($"promtool check metrics < {page} 2>&1");
        Assert.Equal("", result.Output);
    }

    [Fact]
    public async Task PrometheusScrapesUs()
    {
        using var listener = await StartAsync();
        int port = FreePort();
        string config = Path.Combine(_directory, "prometheus.yml");
        await File.WriteAllTextAsync(config, $$"""
            global: { scrape_interval: 1s }
            scrape_configs:
              - job_name: dataplane
                static_configs: [ { targets: ["127.0.0.1:{{listener.Port}}"] } ]
            """);
        using var prometheus = BackgroundProcess.Start(
            "prometheus", $"--config.file={config}", $"--storage.tsdb.path={Path.Combine(_directory, "data")}", $"--web.listen-address=127.0.0.1:{port}");
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        await WaitForAsync(prometheus, http, "up{job=\"dataplane\"}", "1");
        await WaitForAsync(prometheus, http, "dataplane_drops_total{reason=\"PolicyDenied\",direction=\"ingress\"}", "17");
        await WaitForAsync(prometheus, http, "dataplane_frames{state=\"fill\"}", "4096");
        await WaitForAsync(prometheus, http, "dataplane_port_rx_bytes_total{port=\"eth1\"}", "1500000");
        await WaitForAsync(prometheus, http, "process_open_fds > bool 3", "1");
    }

    private static async Task<MetricsListener> StartAsync()
    {
        var listener = new MetricsListener(
            new IPEndPoint(IPAddress.Loopback, 0),
            MetricsPageTests.AllSources(),
            new SampleHealth(),
            NullLoggerFactory.Instance);
        await listener.StartAsync();
        return listener;
    }

    private static async Task WaitForAsync(BackgroundProcess prometheus, HttpClient http, string query, string expected)
    {
        string seen = "nothing";
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (clock.Elapsed < Patience)
        {
            Assert.False(prometheus.HasExited, prometheus.Output);
            try
            {
                string answer = await http.GetStringAsync($"/api/v1/query?query={Uri.EscapeDataString(query)}");
                using var json = JsonDocument.Parse(answer);
                foreach (var series in json.RootElement.GetProperty("data").GetProperty("result").EnumerateArray())
                    seen = series.GetProperty("value")[1].GetString()!;
                if (seen == expected)
                    return;
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }
            await Task.Delay(200);
        }
        Assert.Fail($"{query} is {seen}, not {expected}\n{prometheus.Output}");
    }

    // Prometheus takes no port 0. Another program could take this one in between; then it ends with a message.
    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
