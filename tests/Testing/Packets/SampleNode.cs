using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Testing.Packets;

/// <summary>A node of the sample cluster whose pods have IPv4 addresses.</summary>
public sealed class SampleNode : SampleNodeOf<IPv4Address>
{
    /// <summary>A node whose pods have addresses of both families, of which each is described by itself; what is the node's is <paramref name="v4"/>'s.</summary>
    public static DataplaneTables BuildBoth(SampleNode v4, SampleNodeOf<IPv6Address> v6) => v4.Build(v4.BuildFamily(), v6.BuildFamily());
}
