using Dataplane.Agent.Desired;
using Dataplane.Agent.Tests.Clusters;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Tests.Services;

/// <summary>Services, slices and nodes as manifests, and what was made of them as short texts.</summary>
internal static class ServiceYaml
{
    /// <summary>A Service with clusterIP 10.96.0.10 and port 80, unless <paramref name="spec"/> says otherwise; parts are flow style without braces.</summary>
    public static string Service(string spec = "", string name = "web", string labels = "", string created = "", string ingress = "") => $$$"""
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: {{{name}}}, labels: { {{{labels}}} }{{{(created.Length > 0 ? $", creationTimestamp: '{created}'" : "")}}} }
        spec: { {{{Default(spec, "clusterIP", "clusterIP: 10.96.0.10")}}} {{{Default(spec, "ports:", "ports: [{port: 80}]")}}} {{{spec}}} }
        status: {loadBalancer: {ingress: [{{{ingress}}}]}}
        """ + "\n";

    /// <summary>An EndpointSlice of service web with port 8080.</summary>
    public static string Slice(
        string endpoints, string name = "web-1", string service = "web", string ports = "{port: 8080}", string type = "IPv4", string meta = "") => $$"""
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: {{name}}, labels: {kubernetes.io/service-name: {{service}} }{{meta}} }
        addressType: {{type}}
        ports: [{{ports}}]
        endpoints: [{{endpoints}}]
        """ + "\n";

    /// <summary>A Node with labels.</summary>
    public static string Node(string name, string labels = "", string spec = "", string meta = "") => $$"""
        ---
        apiVersion: v1
        kind: Node
        metadata: {name: {{name}}, labels: { {{labels}} }{{meta}} }
        spec: { {{spec}} }
        """ + "\n";

    /// <summary>Compiles for node n1.</summary>
    public static DesiredState Compile(params string[] texts) => new StateCompiler("n1").Compile(Yaml.Objects(texts));

    /// <summary>The only service port of manifests.</summary>
    public static V1.Service CompileOne(params string[] texts) => Assert.Single(Compile(texts).Services);

    /// <summary>Warnings about services and pods.</summary>
    public static string[] Warnings(DesiredState state) =>
        [.. state.Warnings.Where(w => !w.StartsWith("there is no Node", StringComparison.Ordinal))];

    /// <summary>"10.244.1.5:8080 ClusterAndLocal", in the order sent.</summary>
    public static string[] Backends(V1.Service service) => [.. service.Backends.Select(b => $"{b.Address}:{b.Port} {b.Use}")];

    /// <summary>"ClusterIp 10.96.0.10:80", in the order sent.</summary>
    public static string[] Frontends(V1.Service service) => [.. service.Frontends.Select(f => $"{f.Kind} {f.Address}:{f.Port}")];

    private static string Default(string spec, string field, string text) =>
        spec.Contains(field, StringComparison.Ordinal) ? "" : text + ",";
}
