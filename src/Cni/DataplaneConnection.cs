using Dataplane.Contracts;
using Dataplane.Contracts.Grpc;
using Dataplane.Contracts.V1;

namespace Dataplane.Cni;

/// <summary>The dataplane of this node, with its refusals in the words of the specification.</summary>
/// <param name="connect">Opens the control service at an address. What it returns is disposed if it is disposable.</param>
/// <param name="address">Where it listens.</param>
internal sealed class DataplaneConnection(Func<string, IControlService> connect, string address) : IDisposable
{
    // Attaching takes milliseconds, and waits for what else the dataplane is changing.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly IControlService _control = connect(address);

    /// <summary>Whether a failure says that no process serves the socket; what it had attached has gone with it.</summary>
    public static bool IsGone(CniException failure) => failure.InnerException is RpcException { StatusCode: StatusCode.Unavailable };

    /// <summary>Whether a failure says that the pod or the address is attached already.</summary>
    public static bool IsTaken(CniException failure) => failure.InnerException is RpcException { StatusCode: StatusCode.AlreadyExists };

    /// <summary>The options in force.</summary>
    /// <exception cref="CniException">Refused or unreachable.</exception>
    public Config GetConfig() => Call(cancel => _control.GetConfigAsync(new GetConfigRequest(), cancel));

    /// <summary>What an operator looks at first.</summary>
    /// <exception cref="CniException">Refused or unreachable.</exception>
    public Status GetStatus() => Call(cancel => _control.GetStatusAsync(new GetStatusRequest(), cancel));

    /// <summary>Makes and attaches a pod's interface.</summary>
    /// <exception cref="CniException">Refused or unreachable.</exception>
    public AttachEndpointResponse Attach(AttachEndpointRequest request) => Call(cancel => _control.AttachEndpointAsync(request, cancel));

    /// <summary>Removes a pod's interface, of this container only, and of this name only if one is given; false when it was not there.</summary>
    /// <exception cref="CniException">Refused or unreachable.</exception>
    public bool Detach(string @namespace, string pod, string containerId, string @interface = "") => Call(
        cancel => _control.DetachEndpointAsync(new DetachEndpointRequest { Namespace = @namespace, Pod = pod, ContainerId = containerId, Interface = @interface }, cancel)).Removed;

    /// <summary>What of a pod's interface is not as it should be.</summary>
    /// <exception cref="CniException">Code 3: it is not attached. Otherwise refused or unreachable.</exception>
    public IReadOnlyList<string> Check(CheckEndpointRequest request) => Call(cancel => _control.CheckEndpointAsync(request, cancel)).Problems;

    /// <summary>All attached pods.</summary>
    /// <exception cref="CniException">Refused or unreachable.</exception>
    public IReadOnlyList<EndpointEntry> ListEndpoints() => Call(async cancel =>
    {
        var all = new List<EndpointEntry>();
        await foreach (var entry in _control.ListEndpointsAsync(new ListRequest(), cancel)) all.Add(entry);
        return all;
    });

    /// <summary>Returns once the pod's policy is in force; false when it is not within the time.</summary>
    /// <exception cref="CniException">Refused, detached meanwhile, or unreachable.</exception>
    public bool WaitForPolicy(PodArguments pod, string containerId, TimeSpan time)
    {
        var request = new WaitEndpointRequest { Namespace = pod.Namespace, Pod = pod.Name, ContainerId = containerId };
        using var patience = new CancellationTokenSource(time);
        try
        {
            _control.WaitEndpointAsync(request, patience.Token).GetAwaiter().GetResult();
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (RpcException e)
        {
            throw Translate(e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => (_control as IDisposable)?.Dispose();

    private static T Call<T>(Func<CancellationToken, Task<T>> call)
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            return call(patience.Token).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException e)
        {
            throw new CniException(CniErrorCode.TryAgainLater, $"dataplane: no answer within {Patience.TotalSeconds:0} s", "See its log.", e);
        }
        catch (RpcException e)
        {
            throw Translate(e);
        }
    }

    private static CniException Translate(RpcException e)
    {
        var (code, remedy) = e.StatusCode switch
        {
            StatusCode.Unavailable => (CniErrorCode.TryAgainLater, "The dataplane is starting, or down."),
            StatusCode.PermissionDenied => (CniErrorCode.IoFailure, "Plugins run as root."),
            StatusCode.InvalidArgument => (CniErrorCode.InvalidConfiguration, ""),
            StatusCode.NotFound => (CniErrorCode.UnknownContainer, ""),
            _ => (CniErrorCode.Failed, ""),
        };
        return new CniException(code, $"dataplane: {(e.Detail.Length > 0 ? e.Detail : e.StatusCode.ToString())}", remedy, e);
    }
}
