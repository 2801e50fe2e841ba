using Dataplane.Packets;

namespace Dataplane.Tables;

/// <summary>An address, protocol and port at which a service is reached.</summary>
public readonly record struct Frontend<TAddress>(TAddress Address, byte Protocol, ushort Port, int Service)
    where TAddress : unmanaged, IIpAddress<TAddress>;
