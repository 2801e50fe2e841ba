using Dataplane.Contracts.Grpc;
using Dataplane.Contracts.V1;

namespace Dataplane.Contracts;

/// <summary>The rpcs of <c>dataplane.v1.Control</c>, shared by client and server; a test compares them with the .proto.</summary>
public static class ControlMethods
{
    /// <summary>Full name of the service, the first segment of every request path.</summary>
    public const string ServiceName = "dataplane.v1.Control";

    /// <summary>control.proto: Sync.</summary>
    public static readonly GrpcMethod<SyncRequest, SyncResponse> Sync = new(ServiceName, "Sync", SyncRequest.Parser, SyncResponse.Parser);

    /// <summary>control.proto: Update.</summary>
    public static readonly GrpcMethod<UpdateRequest, UpdateResponse> Update = new(ServiceName, "Update", UpdateRequest.Parser, UpdateResponse.Parser);

    /// <summary>control.proto: AttachEndpoint.</summary>
    public static readonly GrpcMethod<AttachEndpointRequest, AttachEndpointResponse> AttachEndpoint =
        new(ServiceName, "AttachEndpoint", AttachEndpointRequest.Parser, AttachEndpointResponse.Parser);

    /// <summary>control.proto: DetachEndpoint.</summary>
    public static readonly GrpcMethod<DetachEndpointRequest, DetachEndpointResponse> DetachEndpoint =
        new(ServiceName, "DetachEndpoint", DetachEndpointRequest.Parser, DetachEndpointResponse.Parser);

    /// <summary>control.proto: WaitEndpoint.</summary>
    public static readonly GrpcMethod<WaitEndpointRequest, EndpointEntry> WaitEndpoint =
        new(ServiceName, "WaitEndpoint", WaitEndpointRequest.Parser, EndpointEntry.Parser);

    /// <summary>control.proto: CheckEndpoint.</summary>
    public static readonly GrpcMethod<CheckEndpointRequest, CheckEndpointResponse> CheckEndpoint =
        new(ServiceName, "CheckEndpoint", CheckEndpointRequest.Parser, CheckEndpointResponse.Parser);

    /// <summary>control.proto: GetStatus.</summary>
    public static readonly GrpcMethod<GetStatusRequest, Status> GetStatus = new(ServiceName, "GetStatus", GetStatusRequest.Parser, Status.Parser);

    /// <summary>control.proto: GetVersion.</summary>
    public static readonly GrpcMethod<GetVersionRequest, V1.Version> GetVersion =
        new(ServiceName, "GetVersion", GetVersionRequest.Parser, V1.Version.Parser);

    /// <summary>control.proto: GetConfig.</summary>
    public static readonly GrpcMethod<GetConfigRequest, Config> GetConfig = new(ServiceName, "GetConfig", GetConfigRequest.Parser, Config.Parser);

    /// <summary>control.proto: ListEndpoints.</summary>
    public static readonly GrpcMethod<ListRequest, EndpointEntry> ListEndpoints = List("ListEndpoints", EndpointEntry.Parser);

    /// <summary>control.proto: ListServices.</summary>
    public static readonly GrpcMethod<ListRequest, Service> ListServices = List("ListServices", Service.Parser);

    /// <summary>control.proto: ListPolicies.</summary>
    public static readonly GrpcMethod<ListRequest, Policy> ListPolicies = List("ListPolicies", Policy.Parser);

    /// <summary>control.proto: ListIdentities.</summary>
    public static readonly GrpcMethod<ListRequest, Identity> ListIdentities = List("ListIdentities", Identity.Parser);

    /// <summary>control.proto: ListIpcache.</summary>
    public static readonly GrpcMethod<ListRequest, IpcacheEntry> ListIpcache = List("ListIpcache", IpcacheEntry.Parser);

    /// <summary>control.proto: ListNodes.</summary>
    public static readonly GrpcMethod<ListRequest, NodeEntry> ListNodes = List("ListNodes", NodeEntry.Parser);

    /// <summary>control.proto: ListRoutes.</summary>
    public static readonly GrpcMethod<ListRequest, RouteEntry> ListRoutes = List("ListRoutes", RouteEntry.Parser);

    /// <summary>control.proto: ListPorts.</summary>
    public static readonly GrpcMethod<ListRequest, PortEntry> ListPorts = List("ListPorts", PortEntry.Parser);

    /// <summary>control.proto: ListConntrack.</summary>
    public static readonly GrpcMethod<ListConntrackRequest, ConntrackEntry> ListConntrack =
        new(ServiceName, "ListConntrack", ListConntrackRequest.Parser, ConntrackEntry.Parser, isServerStreaming: true);

    /// <summary>control.proto: FlushConntrack.</summary>
    public static readonly GrpcMethod<FlushConntrackRequest, FlushConntrackResponse> FlushConntrack =
        new(ServiceName, "FlushConntrack", FlushConntrackRequest.Parser, FlushConntrackResponse.Parser);

    /// <summary>control.proto: ListDrops.</summary>
    public static readonly GrpcMethod<ListRequest, DropEntry> ListDrops = List("ListDrops", DropEntry.Parser);

    /// <summary>control.proto: WatchFlows.</summary>
    public static readonly GrpcMethod<WatchFlowsRequest, FlowEvent> WatchFlows =
        new(ServiceName, "WatchFlows", WatchFlowsRequest.Parser, FlowEvent.Parser, isServerStreaming: true);

    /// <summary>control.proto: Capture.</summary>
    public static readonly GrpcMethod<CaptureRequest, CapturedFrame> Capture =
        new(ServiceName, "Capture", CaptureRequest.Parser, CapturedFrame.Parser, isServerStreaming: true);

    private static GrpcMethod<ListRequest, TRow> List<TRow>(string name, Google.Protobuf.MessageParser<TRow> parser)
        where TRow : class, Google.Protobuf.IMessage<TRow> =>
        new(ServiceName, name, ListRequest.Parser, parser, isServerStreaming: true);
}
