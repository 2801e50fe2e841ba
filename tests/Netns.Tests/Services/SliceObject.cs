namespace Dataplane.Netns.Tests.Services;

/// <summary>An EndpointSlice as YAML, of one port.</summary>
/// <param name="Name">Name in the namespace "default".</param>
/// <param name="Service">The service that it belongs to.</param>
/// <param name="Endpoints">Its endpoints.</param>
public sealed record SliceObject(string Name, string Service, IReadOnlyList<EndpointObject> Endpoints)
{
    public string AddressType { get; init; } = "IPv4";

    public string PortName { get; init; } = "p";

    public string Protocol { get; init; } = "TCP";

    public int Port { get; init; } = 8080;

    /// <summary>Annotations, in braces.</summary>
    public string Annotations { get; init; } = "{}";

    /// <inheritdoc />
    public override string ToString() => $$"""
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {namespace: default, name: {{Name}}, labels: {"kubernetes.io/service-name": "{{Service}}"}, annotations: {{Annotations}} }
        addressType: {{AddressType}}
        ports: [{name: {{PortName}}, protocol: {{Protocol}}, port: {{Port}}}]
        endpoints: [{{string.Join(", ", Endpoints)}}]

        """;
}
