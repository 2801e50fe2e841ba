using Dataplane.Agent.Manifests;
using Dataplane.Agent.Model;

namespace Dataplane.Agent.Tests.Clusters;

/// <summary>Test clusters are written as manifests: the tests then cover the reader as well.</summary>
internal static class Yaml
{
    /// <summary>Reads texts that must be right.</summary>
    public static ClusterObjects Objects(params string[] texts)
    {
        var objects = new List<KubeObject>();
        foreach (var text in texts)
        {
            var parsed = ManifestParser.Parse("test.yaml", text);
            Assert.Empty(parsed.Errors);
            objects.AddRange(parsed.Objects.Select(o => o.Object));
        }
        return ClusterObjects.Of(objects);
    }

    /// <summary>Reads a text that must hold one object.</summary>
    public static T One<T>(string text)
        where T : KubeObject
    {
        var parsed = ManifestParser.Parse("test.yaml", text);
        Assert.Empty(parsed.Errors);
        return Assert.IsType<T>(Assert.Single(parsed.Objects).Object);
    }

    /// <summary>A Node.</summary>
    public static string Node(string name, string address, string podCidr) => $$$"""
        ---
        apiVersion: v1
        kind: Node
        metadata: {name: {{{name}}}}
        spec: {podCIDR: {{{podCidr}}}}
        status: {addresses: [{type: InternalIP, address: {{{address}}}}]}
        """ + "\n";

    /// <summary>A Namespace; labels as "a: b, c: d".</summary>
    public static string Namespace(string name, string labels = "") => $$$"""
        ---
        apiVersion: v1
        kind: Namespace
        metadata: {name: {{{name}}}, labels: { {{{labels}}} }}
        """ + "\n";

    /// <summary>A running Pod; labels as "a: b", ports as "{name: http, containerPort: 80}", more as further spec fields.</summary>
    public static string Pod(
        string ns, string name, string address, string node, string labels = "", string ports = "",
        string spec = "", string status = "phase: Running") => $$$"""
        ---
        apiVersion: v1
        kind: Pod
        metadata: {namespace: {{{ns}}}, name: {{{name}}}, labels: { {{{labels}}} }}
        spec: { {{{spec}}}{{{(spec.Length > 0 ? "," : "")}}} nodeName: {{{node}}}, containers: [{name: c, ports: [{{{ports}}}]}]}
        status: { {{{status}}}, podIP: "{{{address}}}" }
        """ + "\n";

    /// <summary>A NetworkPolicy; <paramref name="spec"/> is the content of spec in flow style, without braces.</summary>
    public static string Policy(string ns, string name, string spec) => $$$"""
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {namespace: {{{ns}}}, name: {{{name}}}}
        spec: { {{{spec}}} }
        """ + "\n";
}
