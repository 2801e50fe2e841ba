namespace Dataplane.Cli.Connectivity;

/// <summary>A pod by namespace and name.</summary>
internal readonly record struct PodName(string Namespace, string Name)
{
    /// <summary>Its path at the API server.</summary>
    public string Path => $"api/v1/namespaces/{Namespace}/pods/{Name}";

    /// <inheritdoc/>
    public override string ToString() => $"{Namespace}/{Name}";
}
