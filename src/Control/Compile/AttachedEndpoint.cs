using System.Net;
using Dataplane.Packets;

namespace Dataplane.Control.Compile;

/// <summary>A pod's interface as it was attached.</summary>
public sealed record AttachedEndpoint
{
    /// <summary>Number for people, from 1.</summary>
    public required uint Id { get; init; }

    public required string Namespace { get; init; }

    public required string Pod { get; init; }

    /// <summary>IPv4 address; every pod has one.</summary>
    public required IPv4Address Address { get; init; }

    /// <summary>IPv6 address, or null.</summary>
    public IPv6Address? AddressV6 { get; init; }

    /// <summary>Ethernet address of the pod's side.</summary>
    public required MacAddress Mac { get; init; }

    /// <summary>Number of the port that leads to it.</summary>
    public required ushort Port { get; init; }

    /// <summary>Interface on the node.</summary>
    public required string HostInterface { get; init; }

    /// <summary>Interface in the pod.</summary>
    public required string PodInterface { get; init; }

    /// <summary>Path of the pod's network namespace, as it was given.</summary>
    public required string NetworkNamespace { get; init; }

    /// <summary>Container of the CNI call; empty otherwise.</summary>
    public required string ContainerId { get; init; }

    /// <summary>UID of the Pod; empty where unknown.</summary>
    public string Uid { get; init; } = "";

    /// <summary>Its addresses of both families, as <see cref="IIpAddress{TSelf}.Widen"/> has them.</summary>
    public HashSet<IPv6Address> AllAddresses => AddressV6 is { } v6 ? [Address.Widen(), v6] : [Address.Widen()];

    /// <summary>Its addresses, IPv4 first, as text.</summary>
    public IEnumerable<string> Addresses => AddressV6 is { } v6 ? [$"{Address}", $"{v6}"] : [$"{Address}"];

    /// <summary>The address in a family; false when there is none.</summary>
    public bool TryGetAddress<TAddress>(out TAddress address)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        address = default;
        object? boxed = TAddress.ByteLength == IPv6Address.Size ? AddressV6 : Address;
        if (boxed is not TAddress found) return false;
        address = found;
        return true;
    }

    /// <summary>"namespace/pod".</summary>
    public string Key => DesiredState.PodKey(Namespace, Pod);
}
