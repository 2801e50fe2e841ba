using System.Text.Json.Nodes;

namespace Dataplane.Cli.Connectivity;

/// <summary>The dataplane's own pods, by what they say of themselves.</summary>
internal static class DataplanePods
{
    private const string Selector = "app.kubernetes.io/name=dataplane";

    /// <summary>Their container that has dpctl.</summary>
    public const string Container = "dataplane";

    /// <summary>All of them.</summary>
    public static async Task<IReadOnlyList<DataplanePod>> ListAsync(TestBed bed, CancellationToken cancel)
    {
        var list = await bed.Api.GetAsync($"api/v1/namespaces/{bed.Options.DataplaneNamespace}/pods?labelSelector={Uri.EscapeDataString(Selector)}", cancel).ConfigureAwait(false);
        return [.. (list["items"]?.AsArray() ?? []).OfType<JsonObject>().Select(pod => new DataplanePod(
            new PodName(bed.Options.DataplaneNamespace, (string)pod["metadata"]!["name"]!),
            (string?)pod["spec"]?["nodeName"] ?? "",
            [.. (pod["spec"]?["containers"]?.AsArray() ?? []).Select(container => (string)container!["name"]!)]))];
    }

    /// <summary>Why nothing can be asked of them; null: there are some.</summary>
    public static string? WhyNone(TestBed bed, IReadOnlyList<DataplanePod> pods) =>
        pods.Count > 0 ? null : $"there are no pods with {Selector} in namespace {bed.Options.DataplaneNamespace} (--dataplane-namespace)";
}
