using Dataplane.Packets;

namespace Dataplane.Testing.Packets;

/// <summary>What the path made of a packet.</summary>
/// <param name="Verdict">How it ended.</param>
/// <param name="Bytes">The packet as it stands in its frames, all of them.</param>
/// <param name="Info">What was found out about it.</param>
public sealed record PathResult<TAddress>(Verdict Verdict, byte[] Bytes, PacketInfo<TAddress> Info)
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    /// <summary><see cref="Bytes"/> in fields.</summary>
    public DecodedPacket Packet { get; } = Verdict.Kind == VerdictKind.Drop ? null! : new DecodedPacket(Bytes);
}
