namespace Dataplane.Testing.Clusters;

/// <summary>The directory of Kubernetes YAML that all agents of a cluster watch; `Apply` and `Delete` are its kubectl.</summary>
public sealed class ManifestDirectory
{
    internal ManifestDirectory(string path)
    {
        Path = path;
        Directory.CreateDirectory(path);
    }

    /// <summary>Absolute path.</summary>
    public string Path { get; }

    /// <summary>Writes a file of YAML documents, whole or not at all: the agents never see half of it.</summary>
    public void Apply(string name, string yaml)
    {
        string target = System.IO.Path.Combine(Path, name + ".yaml");
        string draft = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path)!, $".{name}.draft");
        File.WriteAllText(draft, yaml);
        File.Move(draft, target, overwrite: true);
    }

    /// <summary>Removes a file; one that is not there is no error.</summary>
    public void Delete(string name) => File.Delete(System.IO.Path.Combine(Path, name + ".yaml"));

    /// <summary>Applies a Namespace object with its usual name label.</summary>
    public void ApplyNamespace(string name, IReadOnlyDictionary<string, string>? labels = null) =>
        Apply($"namespace-{name}", $$"""
            apiVersion: v1
            kind: Namespace
            metadata:
              name: {{name}}
              labels: {{Flow(new Dictionary<string, string>(labels ?? new Dictionary<string, string>()) { ["kubernetes.io/metadata.name"] = name })}}
            """);

    /// <summary>Applies a Node object.</summary>
    /// <param name="node">The node.</param>
    /// <param name="labels">Its labels, if it has any.</param>
    /// <param name="taint">Key of its NoSchedule taint, if it has one.</param>
    public void ApplyNode(ClusterNode node, IReadOnlyDictionary<string, string>? labels = null, string? taint = null) =>
        Apply($"node-{node.Name}", $$"""
            apiVersion: v1
            kind: Node
            metadata:
              name: {{node.Name}}
              labels: {{Flow(labels ?? new Dictionary<string, string>())}}
            spec:
              taints: [{{(taint is null ? "" : $"{{key: {taint}, effect: NoSchedule}}")}}]
              podCIDR: {{node.PodCidr}}
              podCIDRs: [{{string.Join(", ", ((string?[])[node.PodCidr, node.AddressV6 is null ? null : IPv6Plan.PodCidr(node.Number)]).OfType<string>().Select(Quote))}}]
            status:
              addresses:
              - {type: InternalIP, address: {{node.Address}}}{{(node.AddressV6 is null ? "" : $"\n  - {{type: InternalIP, address: {Quote(node.AddressV6)}}}")}}
              - {type: Hostname, address: {{node.Name}}}
            """);

    /// <summary>Applies a Pod object that runs and is ready, with other labels than it has now if given.</summary>
    public void ApplyPod(ClusterPod pod, IReadOnlyDictionary<string, string>? labels = null) =>
        Apply($"pod-{pod.Namespace}-{pod.Name}", $$"""
            apiVersion: v1
            kind: Pod
            metadata:
              namespace: {{pod.Namespace}}
              name: {{pod.Name}}
              labels: {{Flow(labels ?? pod.Labels)}}
            spec:
              nodeName: {{pod.Node.Name}}
              containers:
              - name: main
                ports: [{{string.Join(", ", pod.Ports.Select(p => $"{{name: {p.Name}, containerPort: {p.Number}, protocol: {p.Protocol}}}"))}}]
            status:
              phase: Running
              podIP: {{pod.Address}}
              podIPs: [{{string.Join(", ", ((string?[])[pod.Address, pod.AddressV6]).OfType<string>().Select(ip => $"{{ip: {Quote(ip)}}}"))}}]
              conditions:
              - {type: Ready, status: "True"}
            """);

    /// <summary>Applies a Service without selector and the EndpointSlice that names its backends.</summary>
    public void ApplyService(ClusterService service) =>
        Apply($"service-{service.Name}", $$"""
            apiVersion: v1
            kind: Service
            metadata:
              namespace: default
              name: {{service.Name}}
            spec:
              clusterIP: {{service.ClusterIp}}
              clusterIPs: ["{{service.ClusterIp}}"]
              ports: [{{string.Join(", ", service.Ports.Select(p => $"{{name: {p.Name}, protocol: {p.Protocol}, port: {p.Port}, targetPort: {p.TargetPort}}}"))}}]
            ---
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata:
              namespace: default
              name: {{service.Name}}-1
              labels: {kubernetes.io/service-name: {{service.Name}}}
            addressType: IPv4
            ports: [{{string.Join(", ", service.Ports.Select(p => $"{{name: {p.Name}, protocol: {p.Protocol}, port: {p.TargetPort}}}"))}}]
            endpoints: [{{string.Join(", ", service.Backends.Select(b => $"{{addresses: [\"{b.Address}\"], nodeName: {b.Node.Name}, conditions: {{ready: true, serving: true, terminating: false}}}}"))}}]
            """);

    private static string Quote(string text) => $"\"{text}\"";

    private static string Flow(IEnumerable<KeyValuePair<string, string>> map) =>
        "{" + string.Join(", ", map.Select(pair => $"{pair.Key}: \"{pair.Value}\"")) + "}";
}
