using System.Runtime.InteropServices;
using Dataplane.Packets;

namespace Dataplane.Conntrack;

/// <summary>
/// What tells one flow from another: addresses, protocol and ports as they stand in the packet. ICMP echo has its identifier in
/// both ports, so that a reply is the mirrored tuple of its request; other protocols without ports have zeros.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
public readonly struct FlowTuple<TAddress> : IEquatable<FlowTuple<TAddress>>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    public readonly TAddress Source;
    public readonly TAddress Destination;
    public readonly Be16 SourcePort;
    public readonly Be16 DestinationPort;
    private readonly uint _protocol; // a whole word, so that there is no padding to compare or hash

    public FlowTuple(TAddress source, TAddress destination, Be16 sourcePort, Be16 destinationPort, byte protocol)
    {
        Source = source;
        Destination = destination;
        SourcePort = sourcePort;
        DestinationPort = destinationPort;
        _protocol = protocol;
    }

    /// <summary>IP protocol number.</summary>
    public byte Protocol => (byte)_protocol;

    /// <summary>Both ports and the protocol in one word, for comparing and hashing.</summary>
    private ulong Ports => SourcePort.Raw | (ulong)DestinationPort.Raw << 16 | (ulong)_protocol << 32;

    /// <summary>The tuple of a packet that goes the other way.</summary>
    public FlowTuple<TAddress> Mirror() => new(Destination, Source, DestinationPort, SourcePort, Protocol);

    /// <summary>The same with addresses of either family as IPv6 has them; zeros stay zeros.</summary>
    public FlowTuple<IPv6Address> Widen() => new(Source.Widen(), Destination.Widen(), SourcePort, DestinationPort, Protocol);

    /// <summary>
    /// 64 well-spread bits. Multiply-and-fold with a secret seed: unlike a CRC, whose collisions hold for every seed,
    /// colliding tuples cannot be prepared by who does not know the seed.
    /// </summary>
    public ulong Hash(ulong seed)
    {
        ulong high = Math.BigMul(TAddress.Mix(Source, Destination, seed), Ports ^ 0x9e3779b97f4a7c15, out ulong low);
        ulong h = high ^ low;
        h *= 0xd6e8feb86659fd93;
        return h ^ h >> 32;
    }

    /// <inheritdoc/>
    public bool Equals(FlowTuple<TAddress> other) => Matches(in other);

    /// <summary>Equality without a copy, for lookups.</summary>
    internal bool Matches(in FlowTuple<TAddress> other) =>
        Source.Equals(other.Source) && Destination.Equals(other.Destination)
        && ((SourcePort.Raw ^ other.SourcePort.Raw) | (DestinationPort.Raw ^ other.DestinationPort.Raw) | (int)(_protocol ^ other._protocol)) == 0;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is FlowTuple<TAddress> other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => (int)Hash(0);

    /// <inheritdoc/>
    public override string ToString() => $"{Protocol} {Source}:{SourcePort} -> {Destination}:{DestinationPort}";

    public static bool operator ==(FlowTuple<TAddress> left, FlowTuple<TAddress> right) => left.Equals(right);

    public static bool operator !=(FlowTuple<TAddress> left, FlowTuple<TAddress> right) => !left.Equals(right);
}
