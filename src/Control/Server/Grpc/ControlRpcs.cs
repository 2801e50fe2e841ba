using System.Collections.Frozen;
using Dataplane.Contracts;
using Dataplane.Contracts.Grpc;
using Google.Protobuf;

namespace Dataplane.Control.Server.Grpc;

/// <summary>The rpcs of the control service, by path.</summary>
internal static class ControlRpcs
{
    public static FrozenDictionary<string, RpcHandler> Bind(IControlService service) => new RpcHandler[]
    {
        Unary(ControlMethods.Sync, service.SyncAsync),
        Unary(ControlMethods.Update, service.UpdateAsync),
        Unary(ControlMethods.AttachEndpoint, service.AttachEndpointAsync),
        Unary(ControlMethods.DetachEndpoint, service.DetachEndpointAsync),
        Unary(ControlMethods.WaitEndpoint, service.WaitEndpointAsync),
        Unary(ControlMethods.CheckEndpoint, service.CheckEndpointAsync),
        Unary(ControlMethods.GetStatus, service.GetStatusAsync),
        Unary(ControlMethods.GetVersion, service.GetVersionAsync),
        Unary(ControlMethods.GetConfig, service.GetConfigAsync),
        Unary(ControlMethods.FlushConntrack, service.FlushConntrackAsync),
        Streaming(ControlMethods.ListEndpoints, service.ListEndpointsAsync),
        Streaming(ControlMethods.ListServices, service.ListServicesAsync),
        Streaming(ControlMethods.ListPolicies, service.ListPoliciesAsync),
        Streaming(ControlMethods.ListIdentities, service.ListIdentitiesAsync),
        Streaming(ControlMethods.ListIpcache, service.ListIpcacheAsync),
        Streaming(ControlMethods.ListNodes, service.ListNodesAsync),
        Streaming(ControlMethods.ListRoutes, service.ListRoutesAsync),
        Streaming(ControlMethods.ListPorts, service.ListPortsAsync),
        Streaming(ControlMethods.ListConntrack, service.ListConntrackAsync),
        Streaming(ControlMethods.ListDrops, service.ListDropsAsync),
        Streaming(ControlMethods.WatchFlows, service.WatchFlowsAsync),
        Streaming(ControlMethods.Capture, service.CaptureAsync),
    }.ToFrozenDictionary(rpc => rpc.Path, StringComparer.Ordinal);

    private static UnaryHandler<TRequest, TResponse> Unary<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, Func<TRequest, CancellationToken, Task<TResponse>> invoke)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse> =>
        new(method, invoke);

    private static ServerStreamingHandler<TRequest, TResponse> Streaming<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, Func<TRequest, CancellationToken, IAsyncEnumerable<TResponse>> invoke)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse> =>
        new(method, invoke);
}
