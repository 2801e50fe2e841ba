using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Control.Server.HealthChecks;

/// <summary>
/// What Kestrel takes for its one listener, and is as many sockets as there are ports. They come and go while the server runs; connections go on when
/// the port they came by is closed. <see cref="Open"/> and <see cref="Close"/> must not overlap.
/// </summary>
/// <param name="serves">Whether one of the node's addresses is one of those that node ports are served at; connections to another are reset.</param>
/// <param name="dualStack">Whether IPv6 addresses are listened on as well.</param>
/// <param name="log">For connections that fail before they are accepted.</param>
internal sealed class HealthCheckListener(Func<IPAddress, bool> serves, bool dualStack, ILogger log) : IConnectionListenerFactory, IConnectionListener
{
    private const int Backlog = 128;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly SocketConnectionContextFactory _connections = new(new SocketConnectionFactoryOptions(), NullLogger.Instance);
    private readonly Channel<ConnectionContext> _accepted = Channel.CreateBounded<ConnectionContext>(Backlog);
    private volatile Dictionary<ushort, Socket> _sockets = [];

    /// <inheritdoc/>
    public EndPoint EndPoint { get; private set; } = new IPEndPoint(IPAddress.Any, 0);

    /// <summary>Ports that are listened on.</summary>
    public IReadOnlySet<ushort> Ports => _sockets.Keys.ToHashSet();

    /// <inheritdoc/>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        EndPoint = endpoint;
        return new(this);
    }

    /// <summary>Listens on a port of all addresses.</summary>
    /// <exception cref="SocketException">It is taken.</exception>
    public void Open(ushort port)
    {
        var socket = new Socket(dualStack ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (dualStack) socket.DualMode = true; // one socket for both
            socket.Bind(new IPEndPoint(dualStack ? IPAddress.IPv6Any : IPAddress.Any, port));
            socket.Listen(Backlog);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        _sockets = new(_sockets) { [port] = socket };
        _ = AcceptFromAsync(port, socket);
    }

    /// <summary>Stops listening on a port.</summary>
    public void Close(ushort port)
    {
        var sockets = new Dictionary<ushort, Socket>(_sockets);
        if (!sockets.Remove(port, out var socket)) return;
        _sockets = sockets;
        socket.Dispose();
    }

    /// <inheritdoc/>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (await _accepted.Reader.WaitToReadAsync(cancellationToken))
            if (_accepted.Reader.TryRead(out var connection)) return connection;
        return null; // closed
    }

    /// <inheritdoc/>
    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        foreach (ushort port in _sockets.Keys) Close(port);
        _accepted.Writer.TryComplete();
        return default;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await UnbindAsync();
        while (_accepted.Reader.TryRead(out var connection)) await connection.DisposeAsync();
    }

    private async Task AcceptFromAsync(ushort port, Socket listening)
    {
        while (true)
        {
            Socket? socket = null;
            try
            {
                socket = await listening.AcceptAsync();
                var address = ((IPEndPoint)socket.LocalEndPoint!).Address;
                if (!serves(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address))
                {
                    socket.Close(timeout: 0); // with a reset
                    continue;
                }
                socket.NoDelay = true;
                var connection = _connections.Create(socket);
                if (_accepted.Writer.TryWrite(connection)) continue;
                await connection.DisposeAsync(); // more than anyone answers
            }
            catch (Exception) when (!_sockets.TryGetValue(port, out var current) || current != listening)
            {
                socket?.Dispose();
                return; // closed
            }
            catch (SocketException e)
            {
                // Of the connection (reset before it was accepted), or of the process (no descriptors left): the port stays open.
                socket?.Dispose();
                log.LogDebug(e, "accept on health check port {Port}", port);
                await Task.Delay(Pause);
            }
        }
    }
}
