using System.Globalization;
using System.Text;

namespace Dataplane.Bench.EndToEnd.Paths;

/// <summary>The Kubernetes YAML that tells our agent what iptables-restore tells the kernel.</summary>
internal static class Manifests
{
    /// <summary>Endpoints of a slice at most, as the endpoint slice controller has it (--max-endpoints-per-slice).</summary>
    internal const int SliceSize = 100;

    /// <summary>A Service and its EndpointSlices each.</summary>
    internal static string Services(IEnumerable<BenchService> services)
    {
        var text = new StringBuilder();
        foreach (var service in services)
        {
            text.Append(Service(service));
            var number = 0;
            foreach (var backends in service.Backends.Chunk(SliceSize))
                text.Append(Slice(service, ++number, backends));
        }

        return text.ToString();
    }

    /// <summary>The Service alone.</summary>
    internal static string Service(BenchService service)
    {
        var ports = string.Join(", ", service.Ports.Select(p => $"{{ name: {p.Name}, protocol: {Upper(p)}, port: {p.Port}, targetPort: {p.TargetPort}{(p.NodePort > 0 ? $", nodePort: {p.NodePort}" : "")} }}"));
        var type = service.Ports.Any(p => p.NodePort > 0) ? "NodePort" : "ClusterIP";
        return $$"""
            ---
            apiVersion: v1
            kind: Service
            metadata: { name: {{service.Name}}, namespace: {{BenchService.Namespace}} }
            spec: { type: {{type}}, clusterIP: {{service.ClusterIp}}, clusterIPs: [{{service.ClusterIp}}], ports: [{{ports}}] }

            """;
    }

    /// <summary>One of its EndpointSlices, with some endpoints.</summary>
    internal static string Slice(BenchService service, int number, IEnumerable<BenchBackend> backends)
    {
        var ports = string.Join(", ", service.Ports.Select(p => $"{{ name: {p.Name}, protocol: {Upper(p)}, port: {p.TargetPort} }}"));
        var endpoints = string.Join(", ", backends.Select(b =>
            $"{{ addresses: [{b.Address}], nodeName: node-{b.Node}, conditions: {{ ready: true, serving: true, terminating: false }} }}"));
        return string.Create(CultureInfo.InvariantCulture, $$"""
            ---
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: { name: {{service.Name}}-{{number}}, namespace: {{BenchService.Namespace}}, labels: { kubernetes.io/service-name: {{service.Name}} } }
            addressType: IPv4
            ports: [{{ports}}]
            endpoints: [{{endpoints}}]

            """);
    }

    private static string Upper(BenchServicePort port) => port.Protocol == "udp" ? "UDP" : "TCP";
}
