using System.Globalization;
using System.Text;
using Dataplane.Testing.Clusters;

namespace Dataplane.Netns.Tests.Services;

/// <summary>A Service and its EndpointSlice as YAML. What is not said is as the API server would fill it in.</summary>
/// <param name="Name">Name in the namespace "default".</param>
/// <param name="ClusterIp">IPv4 address.</param>
public sealed record ServiceObject(string Name, string ClusterIp)
{
    public string Type { get; init; } = "ClusterIP";

    public string Protocol { get; init; } = "TCP";

    public int Port { get; init; } = 80;

    public int TargetPort { get; init; } = 8080;

    /// <summary>What it has unless its type is ClusterIP; 0 for none.</summary>
    public int NodePort { get; init; }

    /// <summary>Further lines of the spec, each without indentation.</summary>
    public IReadOnlyList<string> Spec { get; init; } = [];

    /// <summary>Labels of the service, in braces.</summary>
    public string Labels { get; init; } = "{}";

    /// <summary>status.loadBalancer.ingress addresses.</summary>
    public IReadOnlyList<string> Ingress { get; init; } = [];

    /// <summary>Their ipMode, if it is given.</summary>
    public string IpMode { get; init; } = "";

    /// <summary>The endpoints.</summary>
    public IReadOnlyList<EndpointObject> Endpoints { get; init; } = [];

    /// <summary>Annotations of the slice, in braces.</summary>
    public string SliceAnnotations { get; init; } = "{}";

    /// <summary>The same service with these pods, all ready.</summary>
    public ServiceObject To(params ClusterPod[] pods) => this with { Endpoints = [.. pods.Select(EndpointObject.Of)] };

    /// <summary>The same service with these endpoints.</summary>
    public ServiceObject To(params EndpointObject[] endpoints) => this with { Endpoints = endpoints };

    /// <summary>The same service for the datagrams of Traffic/who.py.</summary>
    public ServiceObject OverUdp() => this with { Protocol = "UDP", TargetPort = Who.Udp };

    /// <summary>The same service for the lines of Traffic/who.py.</summary>
    public ServiceObject OfLines() => this with { TargetPort = Who.Tcp };

    /// <inheritdoc />
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $$"""
            apiVersion: v1
            kind: Service
            metadata: {namespace: default, name: {{Name}}, labels: {{Labels}} }
            spec:
              type: {{Type}}
              clusterIP: {{ClusterIp}}
              clusterIPs: ["{{ClusterIp}}"]
              ports: [{name: p, protocol: {{Protocol}}, port: {{Port}}, targetPort: {{TargetPort}}{{(NodePort == 0 || Type == "ClusterIP" ? "" : $", nodePort: {NodePort}")}}}]

            """);
        foreach (string line in Spec)
            text.Append(CultureInfo.InvariantCulture, $"  {line}\n");
        if (Ingress.Count > 0)
            text.Append(CultureInfo.InvariantCulture, $"status: {{loadBalancer: {{ingress: [{string.Join(", ", Ingress.Select(ip => $"{{ip: {ip}{(IpMode.Length == 0 ? "" : $", ipMode: {IpMode}")}}}"))}]}}}}\n");
        text.Append("---\n").Append(new SliceObject($"{Name}-1", Name, Endpoints) { Protocol = Protocol, Port = TargetPort, Annotations = SliceAnnotations });
        return text.ToString();
    }
}
