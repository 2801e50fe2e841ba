using Dataplane.Testing.Clusters;

namespace Dataplane.Netns.Tests.Traffic;

/// <summary>S5: our node beside a plain Linux node that has nothing but a route to our pods, as flannel's host-gw makes it.</summary>
public sealed class NativeKernelPeerTrafficTests(NativeKernelPeerTrafficTests.Bed bed) : TrafficTests<NativeKernelPeerTrafficTests.Bed>(bed)
{
    /// <summary>Node 1 is ours, node 2 is plain.</summary>
    public sealed class Bed() : TrafficBed(NodeKind.Dataplane, NodeKind.Kernel, "native"), ITrafficRoutes
    {
        /// <inheritdoc />
        public static IEnumerable<string> Routes => [.. TrafficRoutes.AcrossFrom(node: 1), .. TrafficRoutes.AcrossFrom(node: 2)];
    }
}
