using Dataplane.Packets;

namespace Dataplane.Tables;

/// <summary>Where a service's connection may go.</summary>
public readonly record struct Backend<TAddress>(TAddress Address, Be16 Port)
    where TAddress : unmanaged, IIpAddress<TAddress>;
