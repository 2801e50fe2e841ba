using Dataplane.Tables;

namespace Dataplane.Control.Compile;

/// <summary>How another node is reached in one family, where tunnels are not all there is.</summary>
/// <param name="Kind">Its pods.</param>
/// <param name="ByHost">True when the way to its pods leaves by a device that is no uplink.</param>
/// <param name="NodeByHost">The same of its own address, by which its tunnel would have to go.</param>
public readonly record struct PeerWay(RouteKind Kind, bool ByHost = false, bool NodeByHost = false);
