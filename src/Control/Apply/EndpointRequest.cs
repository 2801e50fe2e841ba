using System.Net.Sockets;
using Dataplane.Contracts.V1;
using Dataplane.Control.Compile;
using Dataplane.Packets;

namespace Dataplane.Control.Apply;

/// <summary>An <see cref="AttachEndpointRequest"/> whose fields were checked.</summary>
internal sealed record EndpointRequest(string Namespace, string Pod, IPv4Address Address, string NetworkNamespace, string Interface, string ContainerId)
{
    /// <summary>"namespace/pod".</summary>
    public string Key => DesiredState.PodKey(Namespace, Pod);

    /// <exception cref="InvalidStateException">A field cannot be used.</exception>
    public static EndpointRequest Parse(AttachEndpointRequest request)
    {
        FieldParser.Name("namespace", request.Namespace);
        FieldParser.Name("pod", request.Pod);
        FieldParser.Name("netns", request.Netns);
        IPv4Address? address = null;
        for (int i = 0; i < request.Addresses.Count; i++)
        {
            var parsed = FieldParser.Address($"addresses[{i}]", request.Addresses[i]);
            if (parsed.AddressFamily != AddressFamily.InterNetwork) throw new InvalidStateException($"addresses[{i}]", request.Addresses[i], "is IPv6, which this version does not carry; leave it out");
            if (address is not null) throw new InvalidStateException($"addresses[{i}]", request.Addresses[i], "is a second IPv4 address; give one per family");
            address = FieldParser.ToIPv4(parsed);
        }
        if (address is null) throw new InvalidStateException("addresses", "", "is empty; an IPv4 address is needed");
        if (request.Interface.Length > 15) throw new InvalidStateException("interface", request.Interface, "is longer than 15 bytes; choose a shorter name");
        return new EndpointRequest(request.Namespace, request.Pod, address.Value, request.Netns, request.Interface.Length > 0 ? request.Interface : "eth0", request.ContainerId);
    }
}
