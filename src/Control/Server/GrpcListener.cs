using System.Net;
using Dataplane.Contracts;
using Dataplane.Contracts.Grpc;
using Dataplane.Control.Metrics;
using Dataplane.Control.Server.Grpc;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using OptionsOf = Microsoft.Extensions.Options.Options;

namespace Dataplane.Control.Server;

/// <summary>Serves an <see cref="IControlService"/> over gRPC on a Unix socket.</summary>
public sealed class GrpcListener : IAsyncDisposable
{
    private readonly KestrelServer _server;
    private readonly GrpcApplication _application;
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Prepares; nothing is bound before <see cref="StartAsync"/>.</summary>
    /// <param name="socketPath">Absolute path of the socket.</param>
    /// <param name="service">What is served.</param>
    /// <param name="loggers">For failures of the service.</param>
    /// <param name="maxMessageSize">Largest request accepted, bytes.</param>
    /// <param name="bound">A socket bound to the path, taken when it starts; null: it binds then.</param>
    public GrpcListener(string socketPath, IControlService service, ILoggerFactory loggers, int maxMessageSize = GrpcProtocol.DefaultMaxMessageSize, Func<System.Net.Sockets.Socket>? bound = null)
    {
        var transport = new SocketTransportOptions { CreateBoundListenSocket = bound is null ? Bind : _ => bound() };
        var options = new KestrelServerOptions { AddServerHeader = false };
        options.ListenUnixSocket(socketPath, listen => listen.Protocols = HttpProtocols.Http2);
        var limits = options.Limits;
        // Our own limit counts messages, not bodies.
        limits.MaxRequestBodySize = null;
        // A watcher whose terminal is paused reads nothing for minutes and is still a good client; memory is bounded by the windows.
        limits.MinRequestBodyDataRate = null;
        limits.MinResponseDataRate = null;
        limits.Http2.InitialConnectionWindowSize = 4 * 1024 * 1024;
        limits.Http2.InitialStreamWindowSize = 1024 * 1024;
        _server = new KestrelServer(
            OptionsOf.Create(options),
            new SocketTransportFactory(OptionsOf.Create(transport), NullLoggerFactory.Instance),
            NullLoggerFactory.Instance);
        _application = new GrpcApplication(service, maxMessageSize, loggers.CreateLogger<GrpcListener>(), _stopping.Token);
    }

    /// <summary>Calls by method and status.</summary>
    public IMetricsSource Metrics => _application.Metrics;

    /// <summary>Binds and serves.</summary>
    /// <exception cref="IOException">The socket is served by another process, or cannot be bound.</exception>
    public Task StartAsync(CancellationToken cancellationToken = default) => _server.StartAsync<HttpContext>(_application, cancellationToken);

    /// <summary>Ends streams with UNAVAILABLE and waits for single calls until <paramref name="cancellationToken"/> fires; removes the socket.</summary>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        await _stopping.CancelAsync();
        await _server.StopAsync(cancellationToken);
    }

    /// <summary>Stops at once.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _server.Dispose();
        _stopping.Dispose();
    }

    private static System.Net.Sockets.Socket Bind(EndPoint endpoint) => UnixSocketBinder.Bind(endpoint.ToString()!);
}
