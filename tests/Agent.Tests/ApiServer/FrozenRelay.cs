using System.Net;
using System.Net.Sockets;

namespace Dataplane.Agent.Tests.ApiServer;

/// <summary>Passes bytes on to a port, until it is frozen: then the connections that there are neither move nor end.</summary>
internal sealed class FrozenRelay : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Socket> _sockets = [];
    private readonly int _target;
    private int _era;

    public FrozenRelay(int target)
    {
        _target = target;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Freeze() => Interlocked.Increment(ref _era);

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Stop();
        lock (_sockets)
            _sockets.ForEach(s => s.Dispose());
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var near = await _listener.AcceptSocketAsync(_stop.Token);
            var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await far.ConnectAsync(IPAddress.Loopback, _target);
            lock (_sockets)
                _sockets.AddRange([near, far]);
            _ = PassAsync(near, far, _era);
            _ = PassAsync(far, near, _era);
        }
    }

    private async Task PassAsync(Socket from, Socket to, int era)
    {
        var buffer = new byte[16384];
        while (await from.ReceiveAsync(buffer, _stop.Token) is var length and > 0 && Volatile.Read(ref _era) == era)
            await to.SendAsync(buffer.AsMemory(0, length), _stop.Token);
    }
}
