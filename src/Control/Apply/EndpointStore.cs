using Dataplane.Control.Compile;
using Dataplane.Packets;
using Dataplane.Workers;

namespace Dataplane.Control.Apply;

/// <summary>Pods that are attached to this node, with what belongs to each. For one control thread at a time.</summary>
internal sealed class EndpointStore
{
    private readonly Dictionary<string, Attachment> _byPod = new(StringComparer.Ordinal);
    private uint _nextId = 1;

    /// <summary>Attached pods.</summary>
    public IReadOnlyCollection<Attachment> All => _byPod.Values;

    /// <summary>What the table compiler needs of them.</summary>
    public List<AttachedEndpoint> Endpoints => [.. _byPod.Values.Select(a => a.Endpoint)];

    /// <summary>The attachment of "namespace/pod", or null.</summary>
    public Attachment? Find(string key) => _byPod.GetValueOrDefault(key);

    /// <summary>The attachment with one of two addresses, or null.</summary>
    public Attachment? Find(IPv4Address address, IPv6Address? v6) => _byPod.Values.FirstOrDefault(a => a.Endpoint.Address == address || v6 is not null && a.Endpoint.AddressV6 == v6);

    /// <summary>A number for the next endpoint.</summary>
    public uint NextId() => _nextId++;

    public void Add(Attachment attachment) => _byPod.Add(attachment.Endpoint.Key, attachment);

    public void Remove(Attachment attachment) => _byPod.Remove(attachment.Endpoint.Key);

    /// <summary>A pod's interface and its port.</summary>
    internal sealed record Attachment(AttachedEndpoint Endpoint, PodVeth Veth, Port Port);
}
