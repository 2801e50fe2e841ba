using System.Net;
using Dataplane.Contracts.V1;
using Dataplane.Control.Compile;
using Dataplane.Packets;

namespace Dataplane.Control.Apply;

/// <summary>A <see cref="CheckEndpointRequest"/> whose fields were checked.</summary>
internal sealed record EndpointCheck(string Key, string ContainerId, string Interface, MacAddress? Mac, IReadOnlyList<IPAddress> Addresses, IReadOnlyList<IPNetwork> Routes)
{
    /// <summary>Reads a request.</summary>
    /// <exception cref="InvalidStateException">A field cannot be used.</exception>
    public static EndpointCheck Parse(CheckEndpointRequest request) => new(
        DesiredState.PodKey(FieldParser.Name("namespace", request.Namespace), FieldParser.Name("pod", request.Pod)),
        request.ContainerId,
        request.Interface.Length > 0 ? request.Interface : "eth0",
        request.Mac.Length > 0 ? FieldParser.Mac("mac", request.Mac) : null,
        [.. request.Addresses.Select((text, i) => FieldParser.Address($"addresses[{i}]", text))],
        [.. request.Routes.Select((text, i) => FieldParser.Network($"routes[{i}]", text))]);
}
