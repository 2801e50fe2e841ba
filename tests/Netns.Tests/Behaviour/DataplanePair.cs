using Dataplane.Netns.Tests.Traffic;
using Dataplane.Testing.Clusters;

namespace Dataplane.Netns.Tests.Behaviour;

/// <summary>One pair of our nodes for all classes of the collection, which leave it as they found it.</summary>
public sealed class DataplanePair() : TrafficBed(NodeKind.Dataplane, NodeKind.Dataplane)
{
    /// <summary>Name of the collection.</summary>
    public const string Name = "a pair of dataplane nodes";

    /// <summary>The first node.</summary>
    public DataplaneNode Node => (DataplaneNode)Cluster.Nodes[0];

    /// <summary>The second node.</summary>
    public DataplaneNode OtherNode => (DataplaneNode)Cluster.Nodes[1];
}
