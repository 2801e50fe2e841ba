using Dataplane.Contracts.V1;

namespace Dataplane.Contracts;

/// <summary>
/// The control service as C# sees it: the dataplane implements it, <see cref="ControlClient"/> speaks it over the socket,
/// and a test may fake it. One method per rpc of control.proto, which documents them.
/// </summary>
/// <remarks>
/// A refusal is thrown as <see cref="Grpc.RpcException"/>, on either side, and carries the same code and text over the wire.
/// Tokens are cancelled when the client goes away, its deadline passes, or the server stops.
/// </remarks>
public interface IControlService
{
    /// <summary>Replaces the whole desired state, all or nothing.</summary>
    Task<SyncResponse> SyncAsync(SyncRequest request, CancellationToken cancellationToken = default);

    /// <summary>Applies changes to the state of <c>base_generation</c>, all or nothing.</summary>
    Task<UpdateResponse> UpdateAsync(UpdateRequest request, CancellationToken cancellationToken = default);

    /// <summary>Makes and attaches a pod's port.</summary>
    Task<AttachEndpointResponse> AttachEndpointAsync(AttachEndpointRequest request, CancellationToken cancellationToken = default);

    /// <summary>Removes a pod's port; one that is not attached is no error.</summary>
    Task<DetachEndpointResponse> DetachEndpointAsync(DetachEndpointRequest request, CancellationToken cancellationToken = default);

    /// <summary>Returns once an endpoint's policy is in force.</summary>
    Task<EndpointEntry> WaitEndpointAsync(WaitEndpointRequest request, CancellationToken cancellationToken = default);

    /// <summary>Looks whether a pod's interface is as it should be.</summary>
    Task<CheckEndpointResponse> CheckEndpointAsync(CheckEndpointRequest request, CancellationToken cancellationToken = default);

    /// <summary>What an operator looks at first.</summary>
    Task<Status> GetStatusAsync(GetStatusRequest request, CancellationToken cancellationToken = default);

    /// <summary>Versions of the dataplane, its runtime and the kernel.</summary>
    Task<V1.Version> GetVersionAsync(GetVersionRequest request, CancellationToken cancellationToken = default);

    /// <summary>The options in force and where each came from.</summary>
    Task<Config> GetConfigAsync(GetConfigRequest request, CancellationToken cancellationToken = default);

    /// <summary>Attached endpoints.</summary>
    IAsyncEnumerable<EndpointEntry> ListEndpointsAsync(ListRequest request, CancellationToken cancellationToken = default);

    /// <summary>Service ports with frontends and backends.</summary>
    IAsyncEnumerable<Service> ListServicesAsync(ListRequest request, CancellationToken cancellationToken = default);

    /// <summary>Policies with their rules.</summary>
    IAsyncEnumerable<Policy> ListPoliciesAsync(ListRequest request, CancellationToken cancellationToken = default);

    /// <summary>Identities with their labels.</summary>
    IAsyncEnumerable<Identity> ListIdentitiesAsync(ListRequest request, CancellationToken cancellationToken = default);

    /// <summary>Prefixes and the identity of each.</summary>
    IAsyncEnumerable<IpcacheEntry> ListIpcacheAsync(ListRequest request, CancellationToken cancellationToken = default);

    /// <summary>Cluster nodes.</summary>
    IAsyncEnumerable<NodeEntry> ListNodesAsync(ListRequest request, CancellationToken cancellationToken = default);

    /// <summary>Where each destination goes.</summary>
    IAsyncEnumerable<RouteEntry> ListRoutesAsync(ListRequest request, CancellationToken cancellationToken = default);

    /// <summary>Ports with their counters.</summary>
    IAsyncEnumerable<PortEntry> ListPortsAsync(ListRequest request, CancellationToken cancellationToken = default);

    /// <summary>Tracked connections.</summary>
    IAsyncEnumerable<ConntrackEntry> ListConntrackAsync(ListConntrackRequest request, CancellationToken cancellationToken = default);

    /// <summary>Forgets tracked connections.</summary>
    Task<FlushConntrackResponse> FlushConntrackAsync(FlushConntrackRequest request, CancellationToken cancellationToken = default);

    /// <summary>Drop counters by reason and direction.</summary>
    IAsyncEnumerable<DropEntry> ListDropsAsync(ListRequest request, CancellationToken cancellationToken = default);

    /// <summary>Flow events until the client goes away or the request's maximum is reached.</summary>
    IAsyncEnumerable<FlowEvent> WatchFlowsAsync(WatchFlowsRequest request, CancellationToken cancellationToken = default);

    /// <summary>Captured frames until the client goes away or the request's maximum is reached.</summary>
    IAsyncEnumerable<CapturedFrame> CaptureAsync(CaptureRequest request, CancellationToken cancellationToken = default);
}
