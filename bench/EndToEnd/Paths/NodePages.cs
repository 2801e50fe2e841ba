using Dataplane.Bench.EndToEnd.Parsing;
using Dataplane.Testing.Clusters;

namespace Dataplane.Bench.EndToEnd.Paths;

/// <summary>The metrics pages of a node's two programs.</summary>
internal static class NodePages
{
    /// <summary>That of `dataplane`.</summary>
    internal static MetricsPage Dataplane(DataplaneNode node) => MetricsPage.Parse(node.Metrics());

    /// <summary>That of `dataplane-agent`.</summary>
    internal static MetricsPage Agent(DataplaneNode node) => MetricsPage.Parse(node.AgentPage("metrics"));
}
