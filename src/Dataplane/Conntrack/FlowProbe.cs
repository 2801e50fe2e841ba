using Dataplane.Packets;

namespace Dataplane.Conntrack;

/// <summary>A TCP connection whose one end is gone, as the other end sees it.</summary>
/// <param name="Tuple">Of the packets that the end which is left would get.</param>
/// <param name="OnUnderlay">That end is reached on the underlay, even where a tunnel leads to its address.</param>
public readonly record struct FlowProbe<TAddress>(FlowTuple<TAddress> Tuple, bool OnUnderlay)
    where TAddress : unmanaged, IIpAddress<TAddress>;
