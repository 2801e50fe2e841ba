using Dataplane.Contracts;
using Dataplane.Control.Metrics;
using Dataplane.Control.Options;
using Microsoft.Extensions.Logging;

namespace Dataplane.Control.Server;

/// <summary>The two doors of the process: the control service on its Unix socket, and metrics and health over HTTP.</summary>
/// <remarks>
/// Without requests the two servers together allocate 480 bytes a second (measured; Kestrel's clock renews the text of the date header),
/// which is hours to days between collections of the youngest generation. Nothing else here runs by itself.
/// </remarks>
public sealed class ControlHost : IAsyncDisposable
{
    // Longer than any call should take, shorter than the 30 s that Kubernetes grants a stopping pod.
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(5);

    private readonly GrpcListener _control;
    private readonly MetricsListener? _metrics;

    private ControlHost(GrpcListener control, MetricsListener? metrics) => (_control, _metrics) = (control, metrics);

    /// <summary>Opens both. When one cannot be opened, neither stays open.</summary>
    /// <param name="options">control, max-message-bytes and metrics-listen are read.</param>
    /// <param name="service">The control service.</param>
    /// <param name="metrics">What /metrics shows, in this order; the control service's own calls come last.</param>
    /// <param name="health">What /healthz and /readyz tell.</param>
    /// <param name="loggers">For failures of service and sources; requests are not logged.</param>
    /// <param name="ports">Sockets that were bound before; null: they are bound now.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="IOException">The socket or address is taken; the message names it, the cause and the remedy.</exception>
    public static async Task<ControlHost> StartAsync(
        DataplaneOptions options,
        IControlService service,
        IReadOnlyList<IMetricsSource> metrics,
        IHealthSource health,
        ILoggerFactory loggers,
        ControlPorts? ports = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var control = new GrpcListener(options.ControlSocketPath, service, loggers, options.MaxMessageBytes, ports is null ? null : ports.TakeControl);
        var http = options.MetricsListen is { } listen ? new MetricsListener(listen, [.. metrics, control.Metrics], health, loggers, ports is null ? null : ports.TakeMetrics) : null;
        var host = new ControlHost(control, http);
        try
        {
            await control.StartAsync(cancellationToken);
            if (http is not null)
                await http.StartAsync(cancellationToken);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends streams, waits a few seconds for calls under way, and closes both.</summary>
    public async Task StopAsync()
    {
        using var patience = new CancellationTokenSource(StopPatience);
        await _control.StopAsync(patience.Token);
        // Last, so that probes are answered until there is nothing left to ask about.
        if (_metrics is not null)
            await _metrics.StopAsync(patience.Token);
    }

    /// <summary>Closes both at once, unless <see cref="StopAsync"/> did.</summary>
    public async ValueTask DisposeAsync()
    {
        await _control.DisposeAsync();
        _metrics?.Dispose();
    }
}
