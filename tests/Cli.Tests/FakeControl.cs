using System.Runtime.CompilerServices;
using Dataplane.Contracts;
using Dataplane.Contracts.V1;
using Google.Protobuf;

namespace Dataplane.Cli.Tests;

/// <summary>A dataplane made of lists. It remembers the last request of each kind.</summary>
internal sealed class FakeControl : IControlService
{
    private readonly Dictionary<Type, IMessage> _requests = [];

    public Exception? Failure { get; set; }

    public Status Status { get; set; } = new();

    public Contracts.V1.Version Version { get; set; } = new();

    public Config Config { get; set; } = new();

    public AttachEndpointResponse Attached { get; set; } = new();

    public DetachEndpointResponse Detached { get; set; } = new();

    public FlushConntrackResponse Flushed { get; set; } = new();

    public List<EndpointEntry> Endpoints { get; } = [];

    public List<Service> Services { get; } = [];

    public List<Policy> Policies { get; } = [];

    public List<Identity> Identities { get; } = [];

    public List<IpcacheEntry> Ipcache { get; } = [];

    public List<NodeEntry> Nodes { get; } = [];

    public List<RouteEntry> Routes { get; } = [];

    public List<PortEntry> Ports { get; } = [];

    public List<ConntrackEntry> Conntrack { get; } = [];

    public List<DropEntry> Drops { get; } = [];

    public List<FlowEvent> Flows { get; } = [];

    public List<CapturedFrame> Frames { get; } = [];

    /// <summary>Whether flow and capture streams stay open after their last element, as the real ones do.</summary>
    public bool KeepsStreaming { get; set; }

    /// <summary>Runs when a stream has given its last element.</summary>
    public Action? WhenDrained { get; set; }

    public T Request<T>() => (T)_requests[typeof(T)];

    public bool WasAsked<T>() => _requests.ContainsKey(typeof(T));

    public Task<SyncResponse> SyncAsync(SyncRequest request, CancellationToken cancellationToken = default) =>
        Answer(request, new SyncResponse());

    public Task<UpdateResponse> UpdateAsync(UpdateRequest request, CancellationToken cancellationToken = default) =>
        Answer(request, new UpdateResponse());

    public Task<AttachEndpointResponse> AttachEndpointAsync(AttachEndpointRequest request, CancellationToken cancellationToken = default) =>
        Answer(request, Attached);

    public Task<DetachEndpointResponse> DetachEndpointAsync(DetachEndpointRequest request, CancellationToken cancellationToken = default) =>
        Answer(request, Detached);

    public Task<EndpointEntry> WaitEndpointAsync(WaitEndpointRequest request, CancellationToken cancellationToken = default) =>
        Answer(request, Endpoints[0]);

    public Task<CheckEndpointResponse> CheckEndpointAsync(CheckEndpointRequest request, CancellationToken cancellationToken = default) =>
        Answer(request, new CheckEndpointResponse());

    public Task<Status> GetStatusAsync(GetStatusRequest request, CancellationToken cancellationToken = default) => Answer(request, Status);

    public Task<Contracts.V1.Version> GetVersionAsync(GetVersionRequest request, CancellationToken cancellationToken = default) =>
        Answer(request, Version);

    public Task<Config> GetConfigAsync(GetConfigRequest request, CancellationToken cancellationToken = default) => Answer(request, Config);

    public Task<FlushConntrackResponse> FlushConntrackAsync(FlushConntrackRequest request, CancellationToken cancellationToken = default) =>
        Answer(request, Flushed);

    public IAsyncEnumerable<EndpointEntry> ListEndpointsAsync(ListRequest request, CancellationToken cancellationToken = default) =>
        Dump(request, Endpoints);

    public IAsyncEnumerable<Service> ListServicesAsync(ListRequest request, CancellationToken cancellationToken = default) =>
        Dump(request, Services);

    public IAsyncEnumerable<Policy> ListPoliciesAsync(ListRequest request, CancellationToken cancellationToken = default) =>
        Dump(request, Policies);

    public IAsyncEnumerable<Identity> ListIdentitiesAsync(ListRequest request, CancellationToken cancellationToken = default) =>
        Dump(request, Identities);

    public IAsyncEnumerable<IpcacheEntry> ListIpcacheAsync(ListRequest request, CancellationToken cancellationToken = default) =>
        Dump(request, Ipcache);

    public IAsyncEnumerable<NodeEntry> ListNodesAsync(ListRequest request, CancellationToken cancellationToken = default) =>
        Dump(request, Nodes);

    public IAsyncEnumerable<RouteEntry> ListRoutesAsync(ListRequest request, CancellationToken cancellationToken = default) =>
        Dump(request, Routes);

    public IAsyncEnumerable<PortEntry> ListPortsAsync(ListRequest request, CancellationToken cancellationToken = default) =>
        Dump(request, Ports);

    public IAsyncEnumerable<ConntrackEntry> ListConntrackAsync(ListConntrackRequest request, CancellationToken cancellationToken = default) =>
        Dump(request, Conntrack);

    public IAsyncEnumerable<DropEntry> ListDropsAsync(ListRequest request, CancellationToken cancellationToken = default) =>
        Dump(request, Drops);

    public IAsyncEnumerable<FlowEvent> WatchFlowsAsync(WatchFlowsRequest request, CancellationToken cancellationToken = default) =>
        Stream(request, Flows, KeepsStreaming, cancellationToken);

    public IAsyncEnumerable<CapturedFrame> CaptureAsync(CaptureRequest request, CancellationToken cancellationToken = default) =>
        Stream(request, Frames, KeepsStreaming, cancellationToken);

    private Task<TResponse> Answer<TResponse>(IMessage request, TResponse response)
    {
        _requests[request.GetType()] = request;
        return Failure is null ? Task.FromResult(response) : Task.FromException<TResponse>(Failure);
    }

    private IAsyncEnumerable<T> Dump<T>(IMessage request, List<T> rows) => Stream(request, rows, staysOpen: false, CancellationToken.None);

    private async IAsyncEnumerable<T> Stream<T>(
        IMessage request, List<T> elements, bool staysOpen, [EnumeratorCancellation] CancellationToken cancel)
    {
        _requests[request.GetType()] = request;
        if (Failure is not null)
            throw Failure;
        foreach (T element in elements)
        {
            await Task.Yield();
            yield return element;
        }
        WhenDrained?.Invoke();
        if (staysOpen)
            await Task.Delay(Timeout.Infinite, cancel);
    }
}
