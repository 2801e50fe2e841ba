using System.Net;
using System.Net.Sockets;
using Dataplane.Contracts;
using Dataplane.Contracts.Grpc;
using Dataplane.Contracts.V1;
using Dataplane.Control.Metrics;
using Dataplane.Control.Options;
using Dataplane.Control.Server;
using Dataplane.Control.Tests.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Dataplane.Control.Tests.Server;

public sealed class ControlHostTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("dp-host-").FullName;
    private readonly int _port = FreePort();

    private string Address => $"unix://{_directory}/control.sock";

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task BothDoorsOpenAndClose()
    {
        await using var host = await StartAsync();
        using var client = new ControlClient(Address);
        using var http = new HttpClient();
        Assert.Equal(5ul, (await client.SyncAsync(new SyncRequest { Generation = 5 })).Generation);
        string page = await http.GetStringAsync($"http://127.0.0.1:{_port}/metrics");
        Assert.Contains("dataplane_control_requests_total{method=\"Sync\",code=\"OK\"} 1\n", page, StringComparison.Ordinal);
        await host.StopAsync();
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetStringAsync($"http://127.0.0.1:{_port}/metrics"));
        var gone = await Assert.ThrowsAsync<RpcException>(() => client.GetStatusAsync(new GetStatusRequest()));
        Assert.Equal(StatusCode.Unavailable, gone.StatusCode);
    }

    [Fact]
    public async Task CallUnderWayIsAnsweredBeforeTheServerStops()
    {
        await using var host = await StartAsync();
        using var client = new ControlClient(Address);
        var slow = client.AttachEndpointAsync(new AttachEndpointRequest { Pod = "deaf" });
        await Task.Delay(200);
        await host.StopAsync();
        Assert.Equal("deaf", (await slow).Endpoint.Pod);
    }

    [Fact]
    public async Task NeitherDoorStaysOpenWhenTheOtherCannotBeOpened()
    {
        using var taken = new TcpListener(IPAddress.Loopback, _port);
        taken.Start();
        await Assert.ThrowsAsync<IOException>(StartAsync);
        Assert.False(File.Exists(Path.Combine(_directory, "control.sock")));
    }

    [Fact]
    public async Task ServedClientReconnectsToASuccessor()
    {
        using var client = new ControlClient(Address);
        for (int i = 0; i < 2; i++)
        {
            await using var host = await StartAsync();
            Assert.Equal("node-a", (await client.GetStatusAsync(new GetStatusRequest())).NodeName);
            await host.StopAsync();
        }
    }

    private Task<ControlHost> StartAsync() => ControlHost.StartAsync(
        OptionLoader.Load(
            ["--node-ip", "192.168.77.1", "--pod-cidr", "10.244.1.0/24", "--uplink", "none", "--control", Address, "--metrics-listen", $"127.0.0.1:{_port}"]),
        new FakeControlService(),
        [new DataplaneMetrics(new SampleTelemetry())],
        new SampleHealth(),
        NullLoggerFactory.Instance);

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
