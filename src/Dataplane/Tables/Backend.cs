using Dataplane.Packets;

namespace Dataplane.Tables;

/// <summary>Where a service's connection may go. The order is that of address, then port, as numbers.</summary>
public readonly record struct Backend<TAddress>(TAddress Address, Be16 Port) : IComparable<Backend<TAddress>>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    /// <inheritdoc/>
    public int CompareTo(Backend<TAddress> other)
    {
        int order = Address.CompareTo(other.Address);
        return order != 0 ? order : Port.Value - other.Port.Value;
    }

    public static bool operator <(Backend<TAddress> left, Backend<TAddress> right) => left.CompareTo(right) < 0;

    public static bool operator >(Backend<TAddress> left, Backend<TAddress> right) => left.CompareTo(right) > 0;

    public static bool operator <=(Backend<TAddress> left, Backend<TAddress> right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Backend<TAddress> left, Backend<TAddress> right) => left.CompareTo(right) >= 0;
}
