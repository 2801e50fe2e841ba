namespace Dataplane.Agent.ApiServer;

/// <summary>A kind of object as the API server has it.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Plural">Its name in paths.</param>
/// <param name="ApiVersions">Versions that can be read, the best first.</param>
internal sealed record ApiResource(string Kind, string Plural, params IReadOnlyList<string> ApiVersions)
{
    /// <summary>
    /// What the agent reads. Pods are those of all nodes, by one watch: policy needs labels, named ports and addresses of every
    /// pod, the API has no smaller form with addresses in it, and a watch of this node's pods beside it would only tell the same twice.
    /// </summary>
    public static readonly IReadOnlyList<ApiResource> All =
    [
        new("Namespace", "namespaces", "v1"),
        new("Node", "nodes", "v1"),
        new("Pod", "pods", "v1"),
        new("Service", "services", "v1"),
        new("EndpointSlice", "endpointslices", "discovery.k8s.io/v1", "discovery.k8s.io/v1beta1"),
        new("NetworkPolicy", "networkpolicies", "networking.k8s.io/v1"),
    ];

    /// <summary>Path of all objects in a version, relative to the server's address.</summary>
    public string PathIn(string apiVersion) =>
        $"{(apiVersion.Contains('/', StringComparison.Ordinal) ? "apis" : "api")}/{apiVersion}/{Plural}";
}
