using System.Net;
using Dataplane.Conntrack;
using Dataplane.Contracts;
using Dataplane.Contracts.Grpc;
using Dataplane.Contracts.V1;
using Dataplane.Control.Apply;
using Dataplane.Control.Compile;
using Dataplane.Control.Server.HealthChecks;
using Dataplane.Control.Telemetry;
using Dataplane.Packets;
using Xdp.Interop;

namespace Dataplane.Control.Server;

/// <summary>The control service over a node's dataplane: requests in, tables and counters out. Refusals name field, value and remedy.</summary>
public sealed class ControlService(NodeRuntime node, FlowWatch flows, CaptureSession captures, HealthCheckPorts healthChecks) : IControlService
{
    private readonly TableDumps _dumps = new(node);
    private readonly EndpointWait _wait = new(node);

    /// <inheritdoc/>
    public Task<SyncResponse> SyncAsync(SyncRequest request, CancellationToken cancellationToken = default) => Guarded(() =>
    {
        if (request.Generation == 0) throw new InvalidStateException("generation", "0", "means that there is no state; start at 1");
        if (request.State is null) throw new InvalidStateException("state", "", "is missing; send an empty one to remove everything");
        node.Sync(request.Generation, request.State);
        return new SyncResponse { Generation = request.Generation };
    });

    /// <inheritdoc/>
    public Task<UpdateResponse> UpdateAsync(UpdateRequest request, CancellationToken cancellationToken = default) => Guarded(() =>
    {
        if (request.Generation == 0) throw new InvalidStateException("generation", "0", "means that there is no state; start at 1");
        node.Update(request.BaseGeneration, request.Generation, request.Upserts ?? new State(), request.Deletes ?? new State());
        return new UpdateResponse { Generation = request.Generation };
    });

    /// <inheritdoc/>
    public Task<AttachEndpointResponse> AttachEndpointAsync(AttachEndpointRequest request, CancellationToken cancellationToken = default) => Guarded(() =>
    {
        var endpoint = node.Attach(request, out bool created);
        return new AttachEndpointResponse
        {
            Endpoint = _dumps.Entry(endpoint),
            Gateway = node.Gateway.ToString(),
            GatewayV6 = endpoint.AddressV6 is null ? "" : $"{node.Options.HostPortAddress.IPv6}",
            Mtu = (uint)node.PathMtu,
            Created = created,
        };
    });

    /// <inheritdoc/>
    public Task<DetachEndpointResponse> DetachEndpointAsync(DetachEndpointRequest request, CancellationToken cancellationToken = default) => Guarded(() =>
    {
        string key = DesiredState.PodKey(FieldParser.Name("namespace", request.Namespace), FieldParser.Name("pod", request.Pod));
        return new DetachEndpointResponse { Removed = node.Detach(key, request.ContainerId, request.Interface) };
    });

    /// <inheritdoc/>
    public async Task<EndpointEntry> WaitEndpointAsync(WaitEndpointRequest request, CancellationToken cancellationToken = default)
    {
        string key = await Guarded(() => DesiredState.PodKey(FieldParser.Name("namespace", request.Namespace), FieldParser.Name("pod", request.Pod)));
        return await _wait.UntilReadyAsync(key, request.ContainerId, cancellationToken) ?? throw NotAttached(key, request.ContainerId);
    }

    /// <inheritdoc/>
    public Task<CheckEndpointResponse> CheckEndpointAsync(CheckEndpointRequest request, CancellationToken cancellationToken = default) => Guarded(() =>
    {
        var wanted = EndpointCheck.Parse(request);
        var problems = node.Check(wanted) ?? throw NotAttached(wanted.Key, wanted.ContainerId);
        return new CheckEndpointResponse { Problems = { problems } };
    });

    /// <inheritdoc/>
    public Task<Status> GetStatusAsync(GetStatusRequest request, CancellationToken cancellationToken = default) => Guarded(() => StatusReport.Make(node, _dumps, healthChecks.Bound));

    /// <inheritdoc/>
    public Task<Contracts.V1.Version> GetVersionAsync(GetVersionRequest request, CancellationToken cancellationToken = default) => Guarded(() => StatusReport.Version());

    /// <inheritdoc/>
    public Task<Config> GetConfigAsync(GetConfigRequest request, CancellationToken cancellationToken = default) => Guarded(node.Options.ToConfig);

    /// <inheritdoc/>
    public Task<FlushConntrackResponse> FlushConntrackAsync(FlushConntrackRequest request, CancellationToken cancellationToken = default) => Guarded(() =>
    {
        var only = request.Address.Length == 0 ? null : FieldParser.Address("address", request.Address);
        int removed = Flush(node.Engine.Conntrack, only) + (node.Engine.ConntrackV6 is { } v6 ? Flush(v6, only) : 0);
        return new FlushConntrackResponse { Removed = (ulong)removed };

        static int Flush<TAddress>(ConntrackTable<TAddress> table, IPAddress? only)
            where TAddress : unmanaged, IIpAddress<TAddress> =>
            only is null ? table.Reader.FlushAll() : FieldParser.IsOf<TAddress>(only) ? table.Reader.FlushAddress(FieldParser.To<TAddress>(only)) : 0;
    });

    /// <inheritdoc/>
    public IAsyncEnumerable<EndpointEntry> ListEndpointsAsync(ListRequest request, CancellationToken cancellationToken = default) => Rows(_dumps.Endpoints);

    /// <inheritdoc/>
    public IAsyncEnumerable<Service> ListServicesAsync(ListRequest request, CancellationToken cancellationToken = default) => Rows(_dumps.Services);

    /// <inheritdoc/>
    public IAsyncEnumerable<Policy> ListPoliciesAsync(ListRequest request, CancellationToken cancellationToken = default) => Rows(() => node.State.Policies.Values);

    /// <inheritdoc/>
    public IAsyncEnumerable<Identity> ListIdentitiesAsync(ListRequest request, CancellationToken cancellationToken = default) => Rows(() => node.State.Identities.Values);

    /// <inheritdoc/>
    public IAsyncEnumerable<IpcacheEntry> ListIpcacheAsync(ListRequest request, CancellationToken cancellationToken = default) => Rows(_dumps.Ipcache);

    /// <inheritdoc/>
    public IAsyncEnumerable<NodeEntry> ListNodesAsync(ListRequest request, CancellationToken cancellationToken = default) => Rows(_dumps.Nodes);

    /// <inheritdoc/>
    public IAsyncEnumerable<RouteEntry> ListRoutesAsync(ListRequest request, CancellationToken cancellationToken = default) => Rows(_dumps.Routes);

    /// <inheritdoc/>
    public IAsyncEnumerable<PortEntry> ListPortsAsync(ListRequest request, CancellationToken cancellationToken = default) => Rows(_dumps.Ports);

    /// <inheritdoc/>
    public IAsyncEnumerable<ConntrackEntry> ListConntrackAsync(ListConntrackRequest request, CancellationToken cancellationToken = default) => Rows(() => _dumps.Conntrack(request.Address));

    /// <inheritdoc/>
    public IAsyncEnumerable<DropEntry> ListDropsAsync(ListRequest request, CancellationToken cancellationToken = default) => Rows(_dumps.Drops);

    /// <inheritdoc/>
    public IAsyncEnumerable<FlowEvent> WatchFlowsAsync(WatchFlowsRequest request, CancellationToken cancellationToken = default) => flows.WatchAsync(request, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<CapturedFrame> CaptureAsync(CaptureRequest request, CancellationToken cancellationToken = default) => captures.RunAsync(request, cancellationToken);

    private static Task<T> Guarded<T>(Func<T> action)
    {
        try
        {
            return Task.FromResult(action());
        }
        catch (Exception e) when (Refusal(e) is { } refusal)
        {
            return Task.FromException<T>(refusal);
        }
    }

    private static async IAsyncEnumerable<T> Rows<T>(Func<IEnumerable<T>> rows)
    {
        await Task.CompletedTask;
        IEnumerable<T> all;
        try
        {
            all = rows();
        }
        catch (Exception e) when (Refusal(e) is { } refusal)
        {
            throw refusal;
        }
        foreach (var row in all) yield return row;
    }

    private static RpcException NotAttached(string key, string containerId) =>
        new(StatusCode.NotFound, $"pod {key} is not attached{(containerId.Length > 0 ? $" by container {containerId}" : "")}");

    private static RpcException? Refusal(Exception e) => e switch
    {
        InvalidStateException => new RpcException(StatusCode.InvalidArgument, e.Message, e),
        StaleGenerationException => new RpcException(StatusCode.FailedPrecondition, e.Message, e),
        EndpointExistsException => new RpcException(StatusCode.AlreadyExists, e.Message, e),
        XdpException => new RpcException(StatusCode.Internal, e.Message, e),
        IOException or InvalidOperationException => new RpcException(StatusCode.FailedPrecondition, e.Message, e),
        _ => null,
    };
}
