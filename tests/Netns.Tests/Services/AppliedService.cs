namespace Dataplane.Netns.Tests.Services;

/// <summary>A service that is in the manifests until this is disposed.</summary>
public sealed class AppliedService : IDisposable
{
    private readonly ServiceBed _bed;

    internal AppliedService(ServiceBed bed, ServiceObject service)
    {
        _bed = bed;
        Object = service;
        bed.Write(service);
        bed.Settle();
    }

    /// <summary>What is applied.</summary>
    public ServiceObject Object { get; private set; }

    /// <summary>Applies another version; returns when both nodes work by it.</summary>
    public void Change(Func<ServiceObject, ServiceObject> change)
    {
        ChangeSoon(change);
        _bed.Settle();
    }

    /// <summary>Applies another version and does not wait for it.</summary>
    public void ChangeSoon(Func<ServiceObject, ServiceObject> change) => _bed.Write(Object = change(Object));

    /// <summary>Deletes the service; returns when both nodes have forgotten it.</summary>
    public void Delete()
    {
        Dispose();
        _bed.Settle();
    }

    /// <inheritdoc />
    public void Dispose() => _bed.Cluster.Manifests.Delete("service-" + Object.Name);
}
