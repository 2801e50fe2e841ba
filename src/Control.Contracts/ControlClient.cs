using Dataplane.Contracts.Grpc;
using Dataplane.Contracts.V1;

namespace Dataplane.Contracts;

/// <summary>A typed client of the control service. Safe for concurrent use; one connection carries all calls.</summary>
public sealed class ControlClient : IControlService, IDisposable
{
    private readonly GrpcChannel _channel;
    private readonly TimeSpan? _timeout;
    private readonly bool _ownsChannel;

    /// <summary>Connects, at the first call, to <paramref name="address"/>, for example <c>unix:///run/dataplane/control.sock</c>.</summary>
    /// <param name="address">Where the dataplane listens.</param>
    /// <param name="timeout">Deadline of each call, from its start to the end of its stream; null: none.</param>
    /// <exception cref="ArgumentException">The address has another form.</exception>
    public ControlClient(string address, TimeSpan? timeout = null)
        : this(GrpcChannel.ForAddress(address), timeout) => _ownsChannel = true;

    /// <summary>Speaks over <paramref name="channel"/>, which stays the caller's to dispose.</summary>
    public ControlClient(GrpcChannel channel, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(channel);
        _channel = channel;
        _timeout = timeout;
    }

    /// <summary>The same connection with another deadline; the result must not outlive this client.</summary>
    public ControlClient WithTimeout(TimeSpan? timeout) => new(_channel, timeout);

    /// <inheritdoc/>
    public Task<SyncResponse> SyncAsync(SyncRequest request, CancellationToken cancellationToken = default) =>
        _channel.UnaryAsync(ControlMethods.Sync, request, _timeout, cancellationToken);

    /// <inheritdoc/>
    public Task<UpdateResponse> UpdateAsync(UpdateRequest request, CancellationToken cancellationToken = default) =>
        _channel.UnaryAsync(ControlMethods.Update, request, _timeout, cancellationToken);

    /// <inheritdoc/>
    public Task<AttachEndpointResponse> AttachEndpointAsync(AttachEndpointRequest request, CancellationToken cancellationToken = default) =>
        _channel.UnaryAsync(ControlMethods.AttachEndpoint, request, _timeout, cancellationToken);

    /// <inheritdoc/>
    public Task<DetachEndpointResponse> DetachEndpointAsync(DetachEndpointRequest request, CancellationToken cancellationToken = default) =>
        _channel.UnaryAsync(ControlMethods.DetachEndpoint, request, _timeout, cancellationToken);

    /// <inheritdoc/>
    public Task<EndpointEntry> WaitEndpointAsync(WaitEndpointRequest request, CancellationToken cancellationToken = default) =>
        _channel.UnaryAsync(ControlMethods.WaitEndpoint, request, _timeout, cancellationToken);

    /// <inheritdoc/>
    public Task<CheckEndpointResponse> CheckEndpointAsync(CheckEndpointRequest request, CancellationToken cancellationToken = default) =>
        _channel.UnaryAsync(ControlMethods.CheckEndpoint, request, _timeout, cancellationToken);

    /// <inheritdoc/>
    public Task<Status> GetStatusAsync(GetStatusRequest request, CancellationToken cancellationToken = default) =>
        _channel.UnaryAsync(ControlMethods.GetStatus, request, _timeout, cancellationToken);

    /// <inheritdoc/>
    public Task<V1.Version> GetVersionAsync(GetVersionRequest request, CancellationToken cancellationToken = default) =>
        _channel.UnaryAsync(ControlMethods.GetVersion, request, _timeout, cancellationToken);

    /// <inheritdoc/>
    public Task<Config> GetConfigAsync(GetConfigRequest request, CancellationToken cancellationToken = default) =>
        _channel.UnaryAsync(ControlMethods.GetConfig, request, _timeout, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<EndpointEntry> ListEndpointsAsync(ListRequest request, CancellationToken cancellationToken = default) =>
        _channel.ServerStreamingAsync(ControlMethods.ListEndpoints, request, _timeout, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<Service> ListServicesAsync(ListRequest request, CancellationToken cancellationToken = default) =>
        _channel.ServerStreamingAsync(ControlMethods.ListServices, request, _timeout, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<Policy> ListPoliciesAsync(ListRequest request, CancellationToken cancellationToken = default) =>
        _channel.ServerStreamingAsync(ControlMethods.ListPolicies, request, _timeout, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<Identity> ListIdentitiesAsync(ListRequest request, CancellationToken cancellationToken = default) =>
        _channel.ServerStreamingAsync(ControlMethods.ListIdentities, request, _timeout, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<IpcacheEntry> ListIpcacheAsync(ListRequest request, CancellationToken cancellationToken = default) =>
        _channel.ServerStreamingAsync(ControlMethods.ListIpcache, request, _timeout, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<NodeEntry> ListNodesAsync(ListRequest request, CancellationToken cancellationToken = default) =>
        _channel.ServerStreamingAsync(ControlMethods.ListNodes, request, _timeout, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<RouteEntry> ListRoutesAsync(ListRequest request, CancellationToken cancellationToken = default) =>
        _channel.ServerStreamingAsync(ControlMethods.ListRoutes, request, _timeout, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<PortEntry> ListPortsAsync(ListRequest request, CancellationToken cancellationToken = default) =>
        _channel.ServerStreamingAsync(ControlMethods.ListPorts, request, _timeout, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<ConntrackEntry> ListConntrackAsync(ListConntrackRequest request, CancellationToken cancellationToken = default) =>
        _channel.ServerStreamingAsync(ControlMethods.ListConntrack, request, _timeout, cancellationToken);

    /// <inheritdoc/>
    public Task<FlushConntrackResponse> FlushConntrackAsync(FlushConntrackRequest request, CancellationToken cancellationToken = default) =>
        _channel.UnaryAsync(ControlMethods.FlushConntrack, request, _timeout, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<DropEntry> ListDropsAsync(ListRequest request, CancellationToken cancellationToken = default) =>
        _channel.ServerStreamingAsync(ControlMethods.ListDrops, request, _timeout, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<FlowEvent> WatchFlowsAsync(WatchFlowsRequest request, CancellationToken cancellationToken = default) =>
        _channel.ServerStreamingAsync(ControlMethods.WatchFlows, request, _timeout, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<CapturedFrame> CaptureAsync(CaptureRequest request, CancellationToken cancellationToken = default) =>
        _channel.ServerStreamingAsync(ControlMethods.Capture, request, _timeout, cancellationToken);

    /// <summary>Closes the connection when this client opened it.</summary>
    public void Dispose()
    {
        if (_ownsChannel)
            _channel.Dispose();
    }
}
