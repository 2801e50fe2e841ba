using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Dataplane.Bench.EndToEnd.Paths;

/// <summary>The Kubernetes YAML that tells our agent what iptables-restore tells the kernel.</summary>
internal static class Manifests
{
    /// <summary>A Service and an EndpointSlice each.</summary>
    internal static string Services(IReadOnlyList<BenchService> services)
    {
        var text = new StringBuilder();
        foreach (var service in services)
        {
            var ports = string.Join(", ", service.Ports.Select(p =>
                $"{{ name: {p.Name}, protocol: {Upper(p)}, port: {p.Port}, targetPort: {p.TargetPort} }}"));
            var slicePorts = string.Join(", ", service.Ports.Select(p => $"{{ name: {p.Name}, protocol: {Upper(p)}, port: {p.TargetPort} }}"));
            var endpoints = string.Join(", ", service.Backends.Select(b =>
                $"{{ addresses: [{b.Address}], nodeName: node-{b.Node}, conditions: {{ ready: true, serving: true, terminating: false }} }}"));
            text.Append(CultureInfo.InvariantCulture, $$"""
                ---
                apiVersion: v1
                kind: Service
                metadata: { name: {{service.Name}}, namespace: {{BenchService.Namespace}} }
                spec: { type: ClusterIP, clusterIP: {{service.ClusterIp}}, clusterIPs: [{{service.ClusterIp}}], ports: [{{ports}}] }
                ---
                apiVersion: discovery.k8s.io/v1
                kind: EndpointSlice
                metadata: { name: {{service.Name}}-1, namespace: {{BenchService.Namespace}}, labels: { kubernetes.io/service-name: {{service.Name}} } }
                addressType: IPv4
                ports: [{{slicePorts}}]
                endpoints: [{{endpoints}}]

                """);
        }

        return text.ToString();
    }

    /// <summary>How many service ports `dpctl service list -o json` shows; 0 for what is not JSON yet.</summary>
    internal static int CountServicePorts(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Array ? document.RootElement.GetArrayLength() : 0;
        }
        catch (JsonException)
        {
            return 0;
        }
    }

    private static string Upper(BenchServicePort port) => port.Protocol == "udp" ? "UDP" : "TCP";
}
