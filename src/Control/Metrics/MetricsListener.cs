using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using OptionsOf = Microsoft.Extensions.Options.Options;

namespace Dataplane.Control.Metrics;

/// <summary>Serves metrics and health over HTTP/1.1.</summary>
public sealed class MetricsListener : IDisposable
{
    private const int MaxConnections = 64;

    private readonly KestrelServer _server;
    private readonly MetricsApplication _application;
    private readonly IPEndPoint _listen;

    /// <summary>Prepares; nothing is bound before <see cref="StartAsync"/>.</summary>
    /// <param name="listen">Where; port 0 lets the kernel choose.</param>
    /// <param name="sources">What /metrics shows, in this order.</param>
    /// <param name="health">What /healthz and /readyz tell.</param>
    /// <param name="loggers">For sources that fail.</param>
    /// <param name="bound">What <see cref="Bind"/> has made, taken when it starts; null: it binds then.</param>
    public MetricsListener(IPEndPoint listen, IReadOnlyList<IMetricsSource> sources, IHealthSource health, ILoggerFactory loggers, Func<Socket>? bound = null)
    {
        _listen = listen;
        var options = new KestrelServerOptions { AddServerHeader = false };
        options.Limits.MaxConcurrentConnections = MaxConnections;
        options.Limits.MaxRequestBodySize = 0;
        options.Listen(listen, configure => configure.Protocols = HttpProtocols.Http1);
        var transport = new SocketTransportOptions();
        if (bound is not null) transport.CreateBoundListenSocket = _ => bound();
        _server = new KestrelServer(
            OptionsOf.Create(options),
            new SocketTransportFactory(OptionsOf.Create(transport), NullLoggerFactory.Instance),
            NullLoggerFactory.Instance);
        _application = new MetricsApplication(sources, health, loggers.CreateLogger<MetricsListener>());
    }

    /// <summary>Port that is listened on, once started.</summary>
    public int Port => new Uri(_server.Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;

    /// <summary>Binds and serves.</summary>
    /// <exception cref="IOException">The address cannot be bound.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await _server.StartAsync<HttpContext>(_application, cancellationToken);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            throw Refusal(_listen, e);
        }
    }

    /// <summary>Binds, so that nobody else has the address; nothing listens yet.</summary>
    /// <exception cref="IOException">The address cannot be bound.</exception>
    internal static Socket Bind(IPEndPoint listen)
    {
        try
        {
            return SocketTransportOptions.CreateDefaultBoundListenSocket(listen);
        }
        catch (SocketException e)
        {
            throw Refusal(listen, e);
        }
    }

    private static IOException Refusal(IPEndPoint listen, Exception e) =>
        new($"metrics-listen {listen}: {(e.InnerException ?? e).Message}; choose another address with --metrics-listen, or off", e);

    /// <summary>Lets requests under way end until <paramref name="cancellationToken"/> fires.</summary>
    public Task StopAsync(CancellationToken cancellationToken = default) => _server.StopAsync(cancellationToken);

    /// <summary>Stops at once.</summary>
    public void Dispose() => _server.Dispose();
}
