using System.Collections.Frozen;
using System.Net;
using System.Net.Sockets;
using Dataplane.Control.Metrics;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using OptionsOf = Microsoft.Extensions.Options.Options;

namespace Dataplane.Control.Server.HealthChecks;

/// <summary>
/// Answers the health checks of load balancers, as kube-proxy does, on a changing set of ports at all addresses. One HTTP server serves them
/// all, because each of Kestrel's has a thread of its own. A port that another process has is tried again. Thread-safe.
/// </summary>
public sealed class HealthCheckPorts : IAsyncDisposable
{
    private const int MaxConnections = 1024;
    private static readonly TimeSpan DefaultRetry = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly ILogger _log;
    private readonly HealthCheckListener _listener;
    private readonly HealthCheckApplication _application;
    private readonly KestrelServer _server;
    private readonly Timer _retry;
    private readonly TimeSpan _retryEvery;
    private readonly HashSet<ushort> _claimed = []; // by two services, and reported
    private readonly HashSet<ushort> _refused = []; // by the kernel, and reported
    private FrozenDictionary<ushort, HealthCheckPort> _wanted = FrozenDictionary<ushort, HealthCheckPort>.Empty;
    private bool _started;
    private bool _stopped;

    /// <summary>Prepares; nothing is bound before there is a port.</summary>
    /// <param name="health">Whether this dataplane does its work; load balancers leave a node alone where it does not.</param>
    /// <param name="loggers">For ports that cannot be bound.</param>
    /// <param name="serves">At which of the node's addresses (K9); null for all.</param>
    /// <param name="retry">How often such a port is tried again; null for 5 s.</param>
    /// <param name="dualStack">Whether IPv6 addresses are listened on as well.</param>
    public HealthCheckPorts(
        IHealthSource health, ILoggerFactory loggers, Func<IPAddress, bool>? serves = null, TimeSpan? retry = null, bool dualStack = false)
    {
        ArgumentNullException.ThrowIfNull(loggers);
        _log = loggers.CreateLogger("health-checks");
        _listener = new HealthCheckListener(serves ?? (_ => true), dualStack, _log);
        _application = new HealthCheckApplication(health);
        var options = new KestrelServerOptions { AddServerHeader = false };
        options.Limits.MaxConcurrentConnections = MaxConnections;
        options.Limits.MaxRequestBodySize = 0;
        options.Listen(new IPEndPoint(IPAddress.Any, 0), configure => configure.Protocols = HttpProtocols.Http1);
        _server = new KestrelServer(OptionsOf.Create(options), _listener, NullLoggerFactory.Instance);
        _retryEvery = retry ?? DefaultRetry;
        _retry = new Timer(_ => Bind());
    }

    /// <summary>Ports that are listened on now.</summary>
    public IReadOnlySet<ushort> Bound => _listener.Ports;

    /// <summary>Replaces the set. Ports that stay keep their connections. Of two services that claim a port, the first by name has it.</summary>
    public void Update(IEnumerable<HealthCheckPort> wanted)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        lock (_lock)
        {
            if (_stopped) return;
            var ports = new Dictionary<ushort, HealthCheckPort>();
            foreach (var port in wanted.OrderBy(port => (port.Namespace, port.Service)))
            {
                if (ports.TryAdd(port.Port, port) || !_claimed.Add(port.Port)) continue;
                var first = ports[port.Port];
                _log.LogWarning("health check port {Port} is claimed by services {First} and {Second}; the second is not answered for, give it another port", port.Port, $"{first.Namespace}/{first.Service}", $"{port.Namespace}/{port.Service}");
            }
            _claimed.IntersectWith(ports.Keys);
            _refused.IntersectWith(ports.Keys);
            _wanted = ports.ToFrozenDictionary();
            _application.Publish(_wanted);
            foreach (ushort stale in _listener.Ports.Except(_wanted.Keys)) _listener.Close(stale);
        }
        Bind();
    }

    /// <summary>Closes all ports.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_stopped) return;
            _stopped = true;
        }
        await _retry.DisposeAsync();
        await _listener.UnbindAsync();
        if (_started) await _server.StopAsync(new CancellationToken(canceled: true));
        _server.Dispose();
    }

    private void Bind()
    {
        lock (_lock)
        {
            if (_stopped) return;
            bool failed = false;
            foreach (ushort port in _wanted.Keys.Except(_listener.Ports).ToList()) failed |= !TryBind(port);
            _retry.Change(failed ? _retryEvery : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            if (_started || _listener.Ports.Count == 0) return;
            _started = true;
            // Ends at once: there is nothing to bind but our listener, which waits for no one.
            _server.StartAsync(_application, CancellationToken.None).GetAwaiter().GetResult();
        }
    }

    private bool TryBind(ushort port)
    {
        try
        {
            _listener.Open(port);
            if (_refused.Remove(port)) _log.LogInformation("health check port {Port} is listened on now", port);
            return true;
        }
        catch (SocketException e)
        {
            if (_refused.Add(port))
            {
                var (_, ns, service, _) = _wanted[port];
                _log.LogError("health check port {Port} of service {Service} cannot be listened on: {Error}; load balancers take this node for unhealthy until it is free (ss -ltnp 'sport = :{Port}' shows who has it). Trying again every {Seconds} s",
                    port, $"{ns}/{service}", e.Message, port, _retryEvery.TotalSeconds);
            }
            return false;
        }
    }
}
