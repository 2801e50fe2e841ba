using Dataplane.Agent.Model;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Desired;

/// <summary>
/// What one service is made of and what was made of it: a Service with its slices, or a pod with host ports. Kept from one
/// compilation to the next, so that only what has other sources is made anew.
/// </summary>
internal sealed class ServiceEntry(ServiceKey key)
{
    public ServiceKey Key { get; } = key;

    /// <summary>The Service; null while there are only slices that name it.</summary>
    public Service? Service { get; set; }

    /// <summary>The pod whose host ports these are.</summary>
    public Pod? Pod { get; set; }

    /// <summary>Every slice that names the service, ordered by name.</summary>
    public EndpointSlice[] Slices { get; private set; } = [];

    /// <summary>Its endpoints come straight from pods.</summary>
    public bool IsDerived { get; set; }

    /// <summary>What it asks for.</summary>
    public ServiceDraft Draft { get; set; } = ServiceDraft.Empty;

    /// <summary>What is sent of it.</summary>
    public V1.Service[] Messages { get; set; } = [];

    /// <summary>Warnings about the object and about frontends that another service has.</summary>
    public string[] Warnings { get; set; } = [];

    /// <summary>Ports that cannot be reached here for want of a local endpoint.</summary>
    public LocalGaps Gaps { get; set; }

    /// <summary>Nothing refers to it any more.</summary>
    public bool IsEmpty => Service is null && Pod is null && Slices.Length == 0;

    /// <summary>Takes a slice out, by its name.</summary>
    public void Remove(EndpointSlice slice) => Slices = Array.FindAll(Slices, s => s.Meta.Name != slice.Meta.Name);

    /// <summary>Puts a slice in, in the place of one of the same name.</summary>
    public void Add(EndpointSlice slice)
    {
        Remove(slice);
        Slices = [.. Slices, slice];
        Array.Sort(Slices, static (a, b) => string.CompareOrdinal(a.Meta.Name, b.Meta.Name));
    }
}
