using Dataplane.Control.Compile;
using Dataplane.Packets;
using Dataplane.Workers;

namespace Dataplane.Control.Apply;

/// <summary>Pods that are attached to this node, with what belongs to each. For one control thread at a time.</summary>
internal sealed class EndpointStore
{
    private readonly Dictionary<string, Attachment> _byPod = new(StringComparer.Ordinal);
    private readonly Dictionary<IPv6Address, Attachment> _byAddress = [];
    private AttachedEndpoint[]? _endpoints;
    private uint _nextId = 1;

    /// <summary>Attached pods.</summary>
    public IReadOnlyCollection<Attachment> All => _byPod.Values;

    /// <summary>What the table compiler needs of them; the same list until one is added or removed.</summary>
    public IReadOnlyList<AttachedEndpoint> Endpoints => _endpoints ??= [.. _byPod.Values.Select(a => a.Endpoint)];

    /// <summary>The attachment of "namespace/pod", or null.</summary>
    public Attachment? Find(string key) => _byPod.GetValueOrDefault(key);

    /// <summary>The attachment with one of two addresses, or null.</summary>
    public Attachment? Find(IPv4Address address, IPv6Address? v6) => Find(address.Widen()) ?? (v6 is { } other ? Find(other) : null);

    /// <summary>The attachment with an address of either family, as <see cref="IIpAddress{TSelf}.Widen"/> has it, or null.</summary>
    public Attachment? Find(IPv6Address address) => _byAddress.GetValueOrDefault(address);

    /// <summary>A number for the next endpoint.</summary>
    public uint NextId() => _nextId++;

    public void Add(Attachment attachment)
    {
        _endpoints = null;
        _byPod.Add(attachment.Endpoint.Key, attachment);
        foreach (var address in attachment.Endpoint.AllAddresses) _byAddress.Add(address, attachment);
    }

    public void Remove(Attachment attachment)
    {
        _endpoints = null;
        _byPod.Remove(attachment.Endpoint.Key);
        foreach (var address in attachment.Endpoint.AllAddresses) _byAddress.Remove(address);
    }

    /// <summary>A pod's interface and its port.</summary>
    internal sealed record Attachment(AttachedEndpoint Endpoint, PodVeth Veth, Port Port);
}
