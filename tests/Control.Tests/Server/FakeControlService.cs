using System.Runtime.CompilerServices;
using Dataplane.Contracts;
using Dataplane.Contracts.Grpc;
using Dataplane.Contracts.V1;
using Google.Protobuf;

namespace Dataplane.Control.Tests.Server;

/// <summary>A service whose methods behave in the ways that a client must cope with; which method does what is said at each.</summary>
internal sealed class FakeControlService : IControlService
{
    /// <summary>Text that needs every branch of the encoding of grpc-message.</summary>
    public const string AwkwardText = "state.nodes[0].addresses[1]: 'ünïcode' is 100% wrong\nnext line";

    /// <summary>Completed when a call of <see cref="UpdateAsync"/> saw its token cancelled.</summary>
    public TaskCompletionSource UpdateCancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completed when an enumeration of <see cref="WatchFlowsAsync"/> or <see cref="CaptureAsync"/> was ended by its token.</summary>
    public TaskCompletionSource StreamCancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Frames that <see cref="CaptureAsync"/> has handed over.</summary>
    public int Captured;

    /// <summary>Answers the generation; 0 is refused with INVALID_ARGUMENT.</summary>
    public Task<SyncResponse> SyncAsync(SyncRequest request, CancellationToken cancellationToken = default) =>
        request.Generation == 0
            ? throw new RpcException(StatusCode.InvalidArgument, AwkwardText)
            : Task.FromResult(new SyncResponse { Generation = request.Generation });

    /// <summary>Never answers.</summary>
    public async Task<UpdateResponse> UpdateAsync(UpdateRequest request, CancellationToken cancellationToken = default)
    {
        try
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        finally
        {
            UpdateCancelled.TrySetResult();
        }
        return new UpdateResponse();
    }

    /// <summary>Echoes the pod; the pod "boom" is an unforeseen failure, the pod "deaf" ignores its token for a second.</summary>
    public async Task<AttachEndpointResponse> AttachEndpointAsync(AttachEndpointRequest request, CancellationToken cancellationToken = default)
    {
        if (request.Pod == "boom")
            throw new InvalidOperationException("the boom pod");
        if (request.Pod == "deaf")
            await Task.Delay(1000, CancellationToken.None);
        return new AttachEndpointResponse { Endpoint = new EndpointEntry { Namespace = request.Namespace, Pod = request.Pod }, Mtu = 1450 };
    }

    public Task<DetachEndpointResponse> DetachEndpointAsync(DetachEndpointRequest request, CancellationToken cancellationToken = default) =>
        Task.FromResult(new DetachEndpointResponse());

    public Task<EndpointEntry> WaitEndpointAsync(WaitEndpointRequest request, CancellationToken cancellationToken = default) =>
        Task.FromResult(new EndpointEntry { Namespace = request.Namespace, Pod = request.Pod, State = "ready" });

    public Task<CheckEndpointResponse> CheckEndpointAsync(CheckEndpointRequest request, CancellationToken cancellationToken = default) =>
        Task.FromResult(new CheckEndpointResponse());

    public Task<Status> GetStatusAsync(GetStatusRequest request, CancellationToken cancellationToken = default) =>
        Task.FromResult(new Status { NodeName = "node-a", Ready = true, Version = new Contracts.V1.Version { Version_ = "1.2.3" } });

    public Task<Contracts.V1.Version> GetVersionAsync(GetVersionRequest request, CancellationToken cancellationToken = default) =>
        Task.FromResult(new Contracts.V1.Version { Version_ = "1.2.3" });

    public Task<Config> GetConfigAsync(GetConfigRequest request, CancellationToken cancellationToken = default) =>
        Task.FromResult(new Config { Options = { new Config.Types.Option { Key = "vni", Value = "1", Source = "default" } } });

    public IAsyncEnumerable<EndpointEntry> ListEndpointsAsync(ListRequest request, CancellationToken cancellationToken = default) => Empty<EndpointEntry>();

    public IAsyncEnumerable<Service> ListServicesAsync(ListRequest request, CancellationToken cancellationToken = default) => Empty<Service>();

    public IAsyncEnumerable<Policy> ListPoliciesAsync(ListRequest request, CancellationToken cancellationToken = default) => Empty<Policy>();

    public IAsyncEnumerable<Identity> ListIdentitiesAsync(ListRequest request, CancellationToken cancellationToken = default) => Empty<Identity>();

    /// <summary>Refuses at once.</summary>
    public IAsyncEnumerable<IpcacheEntry> ListIpcacheAsync(ListRequest request, CancellationToken cancellationToken = default) =>
        throw new RpcException(StatusCode.FailedPrecondition, "no state yet");

    public IAsyncEnumerable<NodeEntry> ListNodesAsync(ListRequest request, CancellationToken cancellationToken = default) => Empty<NodeEntry>();

    public IAsyncEnumerable<RouteEntry> ListRoutesAsync(ListRequest request, CancellationToken cancellationToken = default) => Empty<RouteEntry>();

    /// <summary>Two ports, each after a wait.</summary>
    public async IAsyncEnumerable<PortEntry> ListPortsAsync(ListRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (string name in (string[])["dp-host-x", "eth1"])
        {
            await Task.Delay(20, cancellationToken);
            yield return new PortEntry { Name = name };
        }
    }

    /// <summary>As many entries as the address says, without ever waiting.</summary>
    public async IAsyncEnumerable<ConntrackEntry> ListConntrackAsync(
        ListConntrackRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.CompletedTask;
        uint count = uint.Parse(request.Address, null);
        for (uint i = 0; i < count; i++)
            yield return new ConntrackEntry { Source = "10.244.1.7", SourcePort = i };
    }

    /// <summary>Answers the length of the address.</summary>
    public Task<FlushConntrackResponse> FlushConntrackAsync(FlushConntrackRequest request, CancellationToken cancellationToken = default) =>
        Task.FromResult(new FlushConntrackResponse { Removed = (ulong)request.Address.Length });

    /// <summary>Two rows, then a failure.</summary>
    public async IAsyncEnumerable<DropEntry> ListDropsAsync(ListRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.CompletedTask;
        yield return new DropEntry { Reason = "VniUnknown" };
        yield return new DropEntry { Reason = "PolicyDenied" };
        throw new RpcException(StatusCode.ResourceExhausted, "no more rows");
    }

    /// <summary>The asked number of events, then silence until the client goes away.</summary>
    public async IAsyncEnumerable<FlowEvent> WatchFlowsAsync(
        WatchFlowsRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (ulong i = 0; i < request.MaxEvents; i++)
            yield return new FlowEvent { Time = i, Source = "10.244.1.7" };
        try
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        finally
        {
            StreamCancelled.TrySetResult();
        }
    }

    /// <summary>Frames of 1 kB as fast as they are taken.</summary>
    public async IAsyncEnumerable<CapturedFrame> CaptureAsync(CaptureRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.CompletedTask;
        var data = ByteString.CopyFrom(new byte[1024]);
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                Interlocked.Increment(ref Captured);
                yield return new CapturedFrame { Data = data };
            }
        }
        finally
        {
            StreamCancelled.TrySetResult();
        }
    }

    private static async IAsyncEnumerable<T> Empty<T>()
    {
        await Task.CompletedTask;
        yield break;
    }
}
