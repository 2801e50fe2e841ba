using Dataplane.Testing.Clusters;

namespace Dataplane.Netns.Tests.Traffic;

/// <summary>Both nodes are ours. They are alike, so that clients on the first one are enough.</summary>
public sealed class DataplaneTrafficTests(DataplaneTrafficTests.Bed bed) : TrafficTests<DataplaneTrafficTests.Bed>(bed)
{
    /// <summary>Two nodes of ours.</summary>
    public sealed class Bed() : TrafficBed(NodeKind.Dataplane, NodeKind.Dataplane), ITrafficRoutes
    {
        /// <inheritdoc />
        public static IEnumerable<string> Routes => TrafficRoutes.From(node: 1);
    }
}
