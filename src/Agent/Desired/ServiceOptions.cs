using Dataplane.Agent.Model;

namespace Dataplane.Agent.Desired;

/// <summary>Which services are served, and what of them.</summary>
public sealed record ServiceOptions
{
    /// <summary>The value of the label service.kubernetes.io/service-proxy-name that is ours; empty: services without it (K1).</summary>
    public string ProxyName { get; init; } = "";

    /// <summary>spec.externalIPs are not served: anybody who may write a Service could take any address with them (K10).</summary>
    public bool DisableExternalIPs { get; init; }

    /// <summary>True for a service that is ours.</summary>
    public bool Serves(Service service)
    {
        ArgumentNullException.ThrowIfNull(service);
        var name = service.Meta.Labels.Find(Service.ProxyNameLabel);
        // A label without a value is there as well, and names some other proxy.
        return service.Meta.Labels.Find(Service.HeadlessLabel) is null && (ProxyName.Length == 0 ? name is null : name == ProxyName);
    }

    /// <summary>
    /// True for a slice that counts where its service is ours. The controller copies the label of the service to its slices;
    /// slices written by hand may lack it, and belong to their service all the same.
    /// </summary>
    public bool Counts(EndpointSlice slice)
    {
        ArgumentNullException.ThrowIfNull(slice);
        var name = slice.Meta.Labels.Find(Service.ProxyNameLabel);
        return slice.Meta.Labels.Find(Service.HeadlessLabel) is null && (name is null || (ProxyName.Length > 0 && name == ProxyName));
    }
}
