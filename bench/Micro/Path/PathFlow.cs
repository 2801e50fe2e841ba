using Dataplane.Packets;

namespace Dataplane.Bench.Micro.Path;

/// <summary>What tells a packet's flow from the others of its case.</summary>
/// <param name="Address">The address that differs.</param>
/// <param name="Port">Source port.</param>
/// <param name="Checksum">Sum of the pseudo-header in memory order, when that is what the checksum field holds; otherwise 0.</param>
internal readonly record struct PathFlow(IPv4Address Address, ushort Port, ushort Checksum);
