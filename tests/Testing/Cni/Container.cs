
namespace Dataplane.Testing.Cni;

/// <summary>A pod's sandbox as a runtime makes it.</summary>
/// <param name="Id">Container ID.</param>
/// <param name="Pod">Name of the Pod, in the namespace "default".</param>
/// <param name="Net">Its network namespace.</param>
public sealed record Container(string Id, string Pod, NetworkNamespace Net)
{
    /// <summary>UID of the Pod; empty: the runtime does not say.</summary>
    public string Uid { get; init; } = "";

    /// <summary>What it wants of plugins with the capability portMappings.</summary>
    public string? PortMappings { get; init; }
}
