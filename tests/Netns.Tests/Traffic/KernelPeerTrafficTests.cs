using Dataplane.Testing.Clusters;

namespace Dataplane.Netns.Tests.Traffic;

/// <summary>Our node beside a plain Linux node with a vxlan device: each must understand what the other sends.</summary>
public sealed class KernelPeerTrafficTests(KernelPeerTrafficTests.Bed bed) : TrafficTests<KernelPeerTrafficTests.Bed>(bed)
{
    /// <summary>Node 1 is ours, node 2 is plain.</summary>
    public sealed class Bed() : TrafficBed(NodeKind.Dataplane, NodeKind.Kernel), ITrafficRoutes
    {
        /// <inheritdoc />
        public static IEnumerable<string> Routes => [.. TrafficRoutes.AcrossFrom(node: 1), .. TrafficRoutes.AcrossFrom(node: 2)];
    }
}
