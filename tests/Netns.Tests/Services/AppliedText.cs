namespace Dataplane.Netns.Tests.Services;

/// <summary>Objects that are in the manifests until this is disposed.</summary>
public sealed class AppliedText : IDisposable
{
    private readonly ServiceBed _bed;
    private readonly string _name;

    internal AppliedText(ServiceBed bed, string name, string yaml)
    {
        (_bed, _name) = (bed, name);
        Change(yaml);
    }

    /// <summary>Applies another version; returns when both nodes work by it.</summary>
    public void Change(string yaml)
    {
        _bed.Cluster.Manifests.Apply(_name, yaml);
        _bed.Settle();
    }

    /// <inheritdoc />
    public void Dispose() => _bed.Cluster.Manifests.Delete(_name);
}
