using System.Buffers.Binary;
using System.Net;
using Dataplane.Contracts.V1;
using Dataplane.Control.Compile;
using Dataplane.Control.Options;
using Dataplane.Packets;

namespace Dataplane.Control.Apply;

/// <summary>An <see cref="AttachEndpointRequest"/> whose fields were checked.</summary>
internal sealed record EndpointRequest(string Namespace, string Pod, IPv4Address Address, IPv6Address? AddressV6, string NetworkNamespace, string Interface, string ContainerId, string Uid)
{
    /// <summary>"namespace/pod".</summary>
    public string Key => DesiredState.PodKey(Namespace, Pod);

    /// <param name="request">What came.</param>
    /// <param name="options">The node's: which families there are, and which addresses are nobody's to have.</param>
    /// <exception cref="InvalidStateException">A field cannot be used.</exception>
    public static EndpointRequest Parse(AttachEndpointRequest request, DataplaneOptions options)
    {
        FieldParser.Name("namespace", request.Namespace);
        FieldParser.Name("pod", request.Pod);
        FieldParser.Name("netns", request.Netns);
        IPv4Address? v4 = null;
        IPv6Address? v6 = null;
        for (int i = 0; i < request.Addresses.Count; i++)
        {
            string field = $"addresses[{i}]", text = request.Addresses[i];
            var address = FieldParser.Address(field, text);
            if (FindOtherUse(address, options) is { } use) throw new InvalidStateException(field, text, $"is {use}; give the pod another one, of {options.PodCidr}");
            bool isV4 = FieldParser.IsOf<IPv4Address>(address);
            if (isV4 ? v4 is not null : v6 is not null) throw new InvalidStateException(field, text, "is a second address of its family; give one per family");
            if (isV4) v4 = FieldParser.To<IPv4Address>(address);
            else if (options.DualStack) v6 = FieldParser.To<IPv6Address>(address);
            else throw new InvalidStateException(field, text, "is IPv6, which this node does not carry; leave it out, or give the dataplane IPv6 prefixes (pod-cidr, cluster-cidr, service-cidr, node-ip)");
        }
        if (v4 is null) throw new InvalidStateException("addresses", string.Join(", ", request.Addresses), "has no IPv4 address; every pod needs one");
        if (request.Interface.Length > 15) throw new InvalidStateException("interface", request.Interface, "is longer than 15 bytes; choose a shorter name");
        return new EndpointRequest(request.Namespace, request.Pod, v4.Value, v6, request.Netns, request.Interface.Length > 0 ? request.Interface : "eth0", request.ContainerId, request.Uid);
    }

    // The kernel, or we, would answer for these: a pod that has one cuts others off.
    private static string? FindOtherUse(IPAddress address, DataplaneOptions options)
    {
        if (address.Equals(options.NodeIp.IPv4) || address.Equals(options.NodeIp.IPv6)) return "this node's own address (node-ip)";
        if (address.Equals(options.HostPortAddress.IPv4) || address.Equals(options.HostPortAddress.IPv6)) return "the pods' gateway";
        if (options.PodCidr.All.Any(pods => pods.BaseAddress.Equals(address))) return "the address of the pods' network itself";
        return options.PodCidr.IPv4.Contains(address) && IsLast(address, options.PodCidr.IPv4) ? "the broadcast address of the pods' network" : null;
    }

    private static bool IsLast(IPAddress address, IPNetwork network)
    {
        uint hosts = uint.MaxValue >> network.PrefixLength;
        return (BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes()) & hosts) == hosts;
    }
}
