using Dataplane.Packets;

namespace Dataplane.Tables;

/// <summary>
/// An address, protocol and port at which a service is reached. The address zero stands for every address of the node that serves
/// node ports; <paramref name="Port"/> is in host byte order.
/// </summary>
public readonly record struct Frontend<TAddress>(TAddress Address, byte Protocol, ushort Port, FrontendKind Kind, Service<TAddress> Service)
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    /// <summary>True when the two are reached at the same place: only one of them can be in a table.</summary>
    public bool IsAt(in Frontend<TAddress> other) => Port == other.Port && Protocol == other.Protocol && Address.Equals(other.Address);
}
