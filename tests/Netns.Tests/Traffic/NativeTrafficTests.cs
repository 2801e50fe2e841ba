using Dataplane.Testing.Clusters;

namespace Dataplane.Netns.Tests.Traffic;

/// <summary>S5: both nodes are ours, and route natively: no frame between them is in a tunnel.</summary>
public sealed class NativeTrafficTests(NativeTrafficTests.Bed bed) : TrafficTests<NativeTrafficTests.Bed>(bed)
{
    /// <summary>Two nodes of ours.</summary>
    public sealed class Bed() : TrafficBed(NodeKind.Dataplane, NodeKind.Dataplane, "native"), ITrafficRoutes
    {
        /// <inheritdoc />
        public static IEnumerable<string> Routes => TrafficRoutes.From(node: 1);
    }
}
