using System.Net.Sockets;
using Dataplane.Control.Metrics;
using Dataplane.Control.Options;

namespace Dataplane.Control.Server;

/// <summary>
/// The sockets of <see cref="ControlHost"/>, bound before there is anything to serve: a start that finds an address taken has not touched the network yet.
/// Nobody is answered, and connections are refused, until the host has them.
/// </summary>
public sealed class ControlPorts : IDisposable
{
    private Socket? _control;
    private Socket? _metrics;

    private ControlPorts(Socket control, Socket? metrics) => (_control, _metrics) = (control, metrics);

    /// <summary>Binds both, or neither.</summary>
    /// <param name="options">control and metrics-listen are read.</param>
    /// <exception cref="IOException">The socket or address is taken; the message names it, the cause and the remedy.</exception>
    public static ControlPorts Take(DataplaneOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var control = UnixSocketBinder.Bind(options.ControlSocketPath);
        try
        {
            return new ControlPorts(control, options.MetricsListen is { } listen ? MetricsListener.Bind(listen) : null);
        }
        catch
        {
            control.Dispose();
            throw;
        }
    }

    /// <summary>The control socket, which is the caller's from now on.</summary>
    internal Socket TakeControl() => Interlocked.Exchange(ref _control, null) ?? throw new InvalidOperationException("the control socket is somebody else's");

    /// <summary>The socket of metrics, which is the caller's from now on.</summary>
    internal Socket TakeMetrics() => Interlocked.Exchange(ref _metrics, null) ?? throw new InvalidOperationException("the socket of metrics is somebody else's");

    /// <summary>Closes what nobody took.</summary>
    public void Dispose()
    {
        _control?.Dispose();
        _metrics?.Dispose();
    }
}
