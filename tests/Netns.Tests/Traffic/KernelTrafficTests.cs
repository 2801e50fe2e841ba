using Dataplane.Testing.Clusters;

namespace Dataplane.Netns.Tests.Traffic;

/// <summary>The control run: both nodes are plain Linux. What fails here is wrong in the test, not in the dataplane.</summary>
public sealed class KernelTrafficTests(KernelTrafficTests.Bed bed) : TrafficTests<KernelTrafficTests.Bed>(bed)
{
    /// <summary>Two plain nodes.</summary>
    public sealed class Bed() : TrafficBed(NodeKind.Kernel, NodeKind.Kernel), ITrafficRoutes
    {
        /// <inheritdoc />
        public static IEnumerable<string> Routes => TrafficRoutes.AcrossFrom(node: 1);
    }
}
