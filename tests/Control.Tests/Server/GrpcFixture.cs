using Dataplane.Contracts;
using Dataplane.Control.Server;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Control.Tests.Server;

/// <summary>A served <see cref="FakeControlService"/> in a directory of its own. Requests are limited to 1 MiB.</summary>
internal sealed class GrpcFixture : IAsyncDisposable
{
    public const int MaxRequestSize = 1024 * 1024;

    private readonly string _directory = Directory.CreateTempSubdirectory("dp-grpc-").FullName;
    private readonly GrpcListener _listener;

    private GrpcFixture()
    {
        _listener = new GrpcListener(SocketPath, Service, NullLoggerFactory.Instance, MaxRequestSize);
        Client = new ControlClient(Address);
    }

    public FakeControlService Service { get; } = new();

    public ControlClient Client { get; }

    public string SocketPath => Path.Combine(_directory, "control.sock");

    public string Address => "unix://" + SocketPath;

    public static async Task<GrpcFixture> StartAsync()
    {
        var fixture = new GrpcFixture();
        await fixture._listener.StartAsync();
        return fixture;
    }

    public Task StopAsync() => _listener.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _listener.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }
}
