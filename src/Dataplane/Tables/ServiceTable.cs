using Dataplane.Packets;

namespace Dataplane.Tables;

/// <summary>
/// Services by their frontends. A lookup costs one probe, two for a node's own address, at any number of services.
/// </summary>
public sealed class ServiceTable<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private readonly FrontendIndex<TAddress> _frontends;
    private readonly AddressMap<TAddress> _nodeAddresses;
    private readonly PrefixTable<TAddress> _ranges;

    /// <param name="frontends">Where services are reached.</param>
    /// <param name="nodeAddresses">Addresses that serve node ports; values are <see cref="NodeAddressKind"/>.</param>
    /// <param name="ranges">Where cluster addresses are allocated: an address in them that no service has is dropped (K6).</param>
    public ServiceTable(FrontendIndex<TAddress> frontends, AddressMap<TAddress> nodeAddresses, PrefixTable<TAddress> ranges)
    {
        _frontends = frontends;
        _nodeAddresses = nodeAddresses;
        _ranges = ranges;
    }

    /// <summary>Frontends in the table.</summary>
    public int Count => _frontends.Count;

    /// <summary>Finds the frontend that a packet is for: that of the address itself, else the node port or host port.</summary>
    /// <param name="address">Destination.</param>
    /// <param name="protocol">IP protocol number.</param>
    /// <param name="port">Destination port, host byte order.</param>
    /// <param name="frontend">The frontend.</param>
    public bool TryFind(TAddress address, byte protocol, ushort port, out Frontend<TAddress> frontend)
    {
        if (_frontends.TryFind(address, protocol, port, out frontend)) return true;
        var node = (NodeAddressKind)_nodeAddresses.Find(address);
        if (node == NodeAddressKind.None || !_frontends.TryFind(default, protocol, port, out frontend)) return false;
        return node == NodeAddressKind.Local || frontend.Kind == FrontendKind.NodePort; // a host port is this node's alone
    }

    /// <summary>True when node ports are served at the address, whichever there are.</summary>
    public bool ServesNodePorts(TAddress address) => (NodeAddressKind)_nodeAddresses.Find(address) != NodeAddressKind.None;

    /// <summary>True when some service has this cluster address, whatever the port.</summary>
    public bool HasClusterAddress(TAddress address) => _frontends.HasClusterAddress(address);

    /// <summary>True when the address lies in a range that only services use.</summary>
    public bool InServiceRange(TAddress address) => _ranges.Find(address) >= 0;
}
