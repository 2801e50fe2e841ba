using System.Reflection;
using Dataplane.Contracts;
using Dataplane.Contracts.Grpc;
using Dataplane.Contracts.V1;

namespace Dataplane.Cni.Tests.Calls;

/// <summary>The calls that the plugin makes, answered from lists; the interface's others are not its business.</summary>
public class FakeDataplane : DispatchProxy
{
    private CallLog? _log;

    /// <summary>Options in force.</summary>
    public Config Config { get; } = new() { Options = { new Config.Types.Option { Key = "pod-cidr", Value = "10.244.1.0/24" } } };

    /// <summary>What GetStatus says.</summary>
    public Status Status { get; set; } = new() { Ready = true };

    /// <summary>Attached pods.</summary>
    public List<EndpointEntry> Endpoints { get; } = [];

    /// <summary>Problems that CheckEndpoint finds.</summary>
    public List<string> Problems { get; } = [];

    /// <summary>Whether policies come at once, or never.</summary>
    public bool PoliciesCome { get; set; } = true;

    /// <summary>Thrown by every call, when set.</summary>
    public RpcException? Failure { get; set; }

    /// <summary>Thrown by the calls that attach or detach, when set.</summary>
    public RpcException? Refusal { get; set; }

    /// <summary>The last request to attach.</summary>
    public AttachEndpointRequest? Attached { get; private set; }

    /// <summary>The last request to check.</summary>
    public CheckEndpointRequest? Checked { get; private set; }

    internal static FakeDataplane Create(CallLog log)
    {
        var fake = (FakeDataplane)(object)Create<IControlService, FakeDataplane>();
        fake._log = log;
        return fake;
    }

    /// <inheritdoc/>
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        string name = targetMethod!.Name.Replace("Async", "", StringComparison.Ordinal);
        _log!.Add(args![0] is DetachEndpointRequest d ? $"{name} {d.Namespace}/{d.Pod} {d.ContainerId}" : name);
        return args[0] switch
        {
            AttachEndpointRequest request => Answer(Attach, request),
            DetachEndpointRequest request => Answer(Detach, request),
            WaitEndpointRequest request => WaitAsync(request, (CancellationToken)args[1]!),
            CheckEndpointRequest request => Answer(r => { Checked = r; return new CheckEndpointResponse { Problems = { Problems } }; }, request),
            GetConfigRequest request => Answer(_ => Config, request),
            GetStatusRequest request => Answer(_ => Status, request),
            ListRequest => ListAsync(),
            _ => throw new NotSupportedException(name),
        };
    }

    private AttachEndpointResponse Attach(AttachEndpointRequest request)
    {
        if (Refusal is not null) throw Refusal;
        Attached = request;
        if (Endpoints.Any(e => e.Namespace == request.Namespace && e.Pod == request.Pod && e.ContainerId != request.ContainerId))
            throw new RpcException(StatusCode.AlreadyExists, $"pod {request.Namespace}/{request.Pod} is attached; delete it first");
        var entry = new EndpointEntry
        {
            Namespace = request.Namespace, Pod = request.Pod, ContainerId = request.ContainerId, Interface = request.Interface,
            Mac = "0a:58:0a:f4:01:07", HostInterface = "dp0123456789a", Addresses = { request.Addresses },
        };
        bool created = !Endpoints.Any(e => e.Namespace == request.Namespace && e.Pod == request.Pod);
        if (created) Endpoints.Add(entry);
        return new AttachEndpointResponse { Endpoint = entry, Gateway = "10.244.1.1", GatewayV6 = request.Addresses.Count > 1 ? "fd00:10:244:1::1" : "", Mtu = 1450, Created = created };
    }

    private DetachEndpointResponse Detach(DetachEndpointRequest request)
    {
        if (Refusal is not null) throw Refusal;
        return new() { Removed = Endpoints.RemoveAll(e => e.Namespace == request.Namespace && e.Pod == request.Pod && e.ContainerId == request.ContainerId && (request.Interface.Length == 0 || e.Interface == request.Interface)) > 0 };
    }

    private async Task<EndpointEntry> WaitAsync(WaitEndpointRequest request, CancellationToken cancel)
    {
        if (Failure is not null) throw Failure;
        var entry = Endpoints.Find(e => e.Namespace == request.Namespace && e.Pod == request.Pod && e.ContainerId == request.ContainerId)
            ?? throw new RpcException(StatusCode.NotFound, "it is not attached");
        if (!PoliciesCome) await Task.Delay(Timeout.Infinite, cancel);
        return entry;
    }

    private async IAsyncEnumerable<EndpointEntry> ListAsync()
    {
        await Task.CompletedTask;
        if (Failure is not null) throw Failure;
        foreach (var entry in Endpoints.ToList()) yield return entry;
    }

    private Task<TResponse> Answer<TRequest, TResponse>(Func<TRequest, TResponse> answer, TRequest request)
    {
        try
        {
            return Failure is null ? Task.FromResult(answer(request)) : Task.FromException<TResponse>(Failure);
        }
        catch (RpcException e)
        {
            return Task.FromException<TResponse>(e);
        }
    }
}
