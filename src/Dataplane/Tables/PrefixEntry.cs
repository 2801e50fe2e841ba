using Dataplane.Packets;

namespace Dataplane.Tables;

/// <summary>One row of a <see cref="PrefixTable{TAddress}"/>: <paramref name="Length"/> is in bits.</summary>
public readonly record struct PrefixEntry<TAddress>(TAddress Address, int Length, int Value)
    where TAddress : unmanaged, IIpAddress<TAddress>;
