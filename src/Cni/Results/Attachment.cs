using System.Text.Json.Nodes;

namespace Dataplane.Cni.Results;

/// <summary>A result of ADD: what a container's network was made of. The same form as "prevResult" and, without interfaces, as the answer of an IPAM plugin.</summary>
internal sealed record Attachment
{
    /// <summary>Interfaces, on the node and in the container.</summary>
    public IReadOnlyList<AttachedInterface> Interfaces { get; init; } = [];

    /// <summary>Addresses of interfaces.</summary>
    public IReadOnlyList<AttachedAddress> Addresses { get; init; } = [];

    /// <summary>Routes in the container.</summary>
    public IReadOnlyList<AttachedRoute> Routes { get; init; } = [];

    /// <summary>How the container is to resolve names, as it came; null: nothing is said.</summary>
    public JsonObject? Dns { get; init; }

    /// <summary>Number of the interface of that name in the container, or null.</summary>
    public int? Find(string interfaceName)
    {
        for (int i = 0; i < Interfaces.Count; i++)
        {
            if (Interfaces[i].Name == interfaceName && Interfaces[i].Sandbox.Length > 0) return i;
        }
        return null;
    }
}
