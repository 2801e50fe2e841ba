using Dataplane.Control.Compile;
using Dataplane.Packets;

namespace Dataplane.Control.Apply;

/// <summary>What <see cref="HostFrontends.Apply"/> makes true of one family. Nothing in it may change after it was handed over.</summary>
internal sealed record HostFrontendsSpec<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    /// <summary>The host port's address on this node: the source of what the node sends to frontends.</summary>
    public required TAddress Gateway { get; init; }

    /// <summary>MTU of the routes, bytes; as of the host port's other routes.</summary>
    public required int RouteMtu { get; init; }

    /// <summary>Addresses of this node's interfaces.</summary>
    public IReadOnlyCollection<TAddress> LocalAddresses { get; init; } = [];

    /// <summary>Those of them that node ports are served at.</summary>
    public IReadOnlyCollection<TAddress> NodePortAddresses { get; init; } = [];

    /// <summary>Addresses of other nodes: never routed into the host port as a whole, or tunnels and all else between the nodes would be lost.</summary>
    public IReadOnlyCollection<TAddress> OtherNodes { get; init; } = [];

    /// <summary>Ports that node ports are taken from, both ends included; the same of both families.</summary>
    public (ushort First, ushort Last) NodePorts { get; init; } = (30000, 32767);

    /// <summary>Ports that sources are translated to, both ends included; null for none; the same of both families.</summary>
    public (ushort First, ushort Last)? NatPorts { get; init; }

    /// <summary>Frontends. The same object again, with all else the same, costs nothing.</summary>
    public IReadOnlySet<ExternalFrontend<TAddress>> Frontends { get; init; } = new HashSet<ExternalFrontend<TAddress>>();

    /// <summary>True when <paramref name="other"/> says the same, as far as it can be told without looking into the frontends.</summary>
    public bool IsSameAs(HostFrontendsSpec<TAddress>? other) =>
        ReferenceEquals(this, other) || (other is not null && ReferenceEquals(Frontends, other.Frontends) && Gateway.Equals(other.Gateway) && RouteMtu == other.RouteMtu
            && NodePorts == other.NodePorts && NatPorts == other.NatPorts && LocalAddresses.SequenceEqual(other.LocalAddresses)
            && NodePortAddresses.SequenceEqual(other.NodePortAddresses) && OtherNodes.SequenceEqual(other.OtherNodes));
}
