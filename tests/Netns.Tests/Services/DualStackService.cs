using System.Globalization;
using System.Text;
using Dataplane.Testing.Clusters;

namespace Dataplane.Netns.Tests.Services;

/// <summary>A Service of one family or of two, and an EndpointSlice for each, as YAML; its endpoints are pods that run families.py.</summary>
/// <param name="Name">Name in the namespace "default".</param>
/// <param name="ClusterIps">One for each family that it has.</param>
public sealed record DualStackService(string Name, params IReadOnlyList<string> ClusterIps)
{
    /// <summary>Ports of the service and its node port, the same number of both protocols.</summary>
    public const int TcpPort = 80, UdpPort = 53;

    private const int PodTcpPort = 7080, PodUdpPort = 7081;

    public string Type { get; init; } = "ClusterIP";

    /// <summary>The node port of TCP; that of UDP is the next one. 0 for none.</summary>
    public int NodePort { get; init; }

    /// <summary>Further lines of the spec, each without indentation.</summary>
    public IReadOnlyList<string> Spec { get; init; } = [];

    /// <summary>status.loadBalancer.ingress addresses.</summary>
    public IReadOnlyList<string> Ingress { get; init; } = [];

    /// <summary>Pods behind it, all ready.</summary>
    public IReadOnlyList<ClusterPod> Pods { get; init; } = [];

    private static bool IsV6(string address) => address.Contains(':');

    /// <inheritdoc />
    public override string ToString()
    {
        var text = new StringBuilder();
        string families = string.Join(", ", ClusterIps.Select(ip => IsV6(ip) ? "IPv6" : "IPv4"));
        text.Append(CultureInfo.InvariantCulture, $$"""
            apiVersion: v1
            kind: Service
            metadata: {namespace: default, name: {{Name}}}
            spec:
              type: {{Type}}
              clusterIP: "{{ClusterIps[0]}}"
              clusterIPs: [{{string.Join(", ", ClusterIps.Select(ip => $"\"{ip}\""))}}]
              ipFamilies: [{{families}}]
              ipFamilyPolicy: {{(ClusterIps.Count > 1 ? "RequireDualStack" : "SingleStack")}}
              ports:
              - {name: tcp, protocol: TCP, port: {{TcpPort}}, targetPort: {{PodTcpPort}}{{(NodePort == 0 ? "" : $", nodePort: {NodePort}")}}}
              - {name: udp, protocol: UDP, port: {{UdpPort}}, targetPort: {{PodUdpPort}}{{(NodePort == 0 ? "" : $", nodePort: {NodePort + 1}")}}}

            """);
        foreach (string line in Spec)
            text.Append(CultureInfo.InvariantCulture, $"  {line}\n");
        if (Ingress.Count > 0)
            text.Append(CultureInfo.InvariantCulture, $"status: {{loadBalancer: {{ingress: [{string.Join(", ", Ingress.Select(ip => $"{{ip: \"{ip}\"}}"))}]}}}}\n");
        // A slice for each family of the cluster, whatever families the service has: what is of another one must not count.
        foreach (bool v6 in (bool[])[false, true])
        {
            text.Append(CultureInfo.InvariantCulture, $$"""
                ---
                apiVersion: discovery.k8s.io/v1
                kind: EndpointSlice
                metadata: {namespace: default, name: {{Name}}-{{(v6 ? "v6" : "v4")}}, labels: {"kubernetes.io/service-name": "{{Name}}"} }
                addressType: {{(v6 ? "IPv6" : "IPv4")}}
                ports: [{name: tcp, protocol: TCP, port: {{PodTcpPort}}}, {name: udp, protocol: UDP, port: {{PodUdpPort}}}]
                endpoints: [{{string.Join(", ", Pods.Select(pod => $"{{addresses: [\"{(v6 ? pod.AddressV6 : pod.Address)}\"], nodeName: {pod.Node.Name}, conditions: {{ready: true, serving: true, terminating: false}}}}"))}}]

                """);
        }
        return text.ToString();
    }
}
