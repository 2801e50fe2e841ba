using System.Reflection;
using Dataplane.Agent.Tests.Sync;
using Dataplane.Contracts;
using Dataplane.Control.Server;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Agent.Tests.Process;

/// <summary>A fake control behind the real gRPC server on a real socket.</summary>
internal sealed class ServedControl(string socket) : IAsyncDisposable
{
    private GrpcListener? _listener;

    public FakeControl Control { get; } = new();

    public async Task StartAsync()
    {
        var service = DispatchProxy.Create<IControlService, ControlForwarder>();
        ((ControlForwarder)(object)service).Control = Control;
        _listener = new GrpcListener(socket, service, NullLoggerFactory.Instance);
        await _listener.StartAsync();
    }

    public async Task StopAsync()
    {
        if (_listener is null)
            return;
        await _listener.StopAsync();
        await _listener.DisposeAsync();
        _listener = null;
    }

    public async ValueTask DisposeAsync() => await StopAsync();
}
