namespace Dataplane.Cli.Connectivity;

/// <summary>A pod of the dataplane's DaemonSet.</summary>
/// <param name="Name">The pod.</param>
/// <param name="Node">Its node.</param>
/// <param name="Containers">Names of its containers.</param>
internal sealed record DataplanePod(PodName Name, string Node, IReadOnlyList<string> Containers);
