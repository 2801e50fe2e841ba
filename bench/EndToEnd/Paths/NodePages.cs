using Dataplane.Bench.EndToEnd.Parsing;
using Dataplane.Testing.Clusters;

namespace Dataplane.Bench.EndToEnd.Paths;

/// <summary>The metrics pages of a node's two programs. The agent has one only when it is asked to: see <see cref="Options"/>.</summary>
internal static class NodePages
{
    private const string AgentAddress = "127.0.0.1:9963"; // each node has a loopback of its own

    /// <summary>With these the agents of a cluster have a page.</summary>
    internal static NodeOptions Options { get; } = new() { Agent = ["--metrics-listen", AgentAddress] };

    /// <summary>That of `dataplane`.</summary>
    internal static MetricsPage Dataplane(DataplaneNode node) => MetricsPage.Parse(node.Metrics());

    /// <summary>That of `dataplane-agent`.</summary>
    internal static MetricsPage Agent(DataplaneNode node) =>
        MetricsPage.Parse(node.Net.Run("curl", "-sS", "--max-time", "5", $"http://{AgentAddress}/metrics").Output);
}
