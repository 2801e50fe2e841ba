using Dataplane.Packets;
using Xunit;

namespace Dataplane.Testing.Packets;

/// <summary>Asserts how a packet ended.</summary>
public static class PathAssert
{
    /// <summary>Fails unless the packet was dropped for this reason.</summary>
    public static void Dropped<TAddress>(DropReason reason, PathResult<TAddress> result)
        where TAddress : unmanaged, IIpAddress<TAddress> => Ended($"Drop({reason})", result, VerdictKind.Drop, result.Verdict.Reason == reason);

    /// <summary>The same, and in this direction as the pod sees it.</summary>
    public static void Dropped<TAddress>(DropReason reason, TrafficDirection direction, PathResult<TAddress> result)
        where TAddress : unmanaged, IIpAddress<TAddress> =>
        Ended($"Drop({reason}, {direction})", result, VerdictKind.Drop, result.Verdict.Reason == reason && result.Verdict.Direction == direction);

    /// <summary>Fails unless the packet was sent on by this port, with checksums that are right; returns it.</summary>
    public static DecodedPacket Forwarded<TAddress>(ushort port, PathResult<TAddress> result)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        Ended($"Forward({port})", result, VerdictKind.Forward, result.Verdict.Port == port);
        return Right(result);
    }

    /// <summary>Fails unless the packet became an answer to its sender, with checksums that are right; returns it.</summary>
    public static DecodedPacket Replied<TAddress>(ushort port, PathResult<TAddress> result)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        Ended($"Reply({port})", result, VerdictKind.Reply, result.Verdict.Port == port);
        return Right(result);
    }

    private static void Ended<TAddress>(string expected, PathResult<TAddress> result, VerdictKind kind, bool matches)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        if (result.Verdict.Kind != kind || !matches) Assert.Fail($"expected {expected}, got {result.Verdict} for {result.Info.Tuple}\n{result.Packet}");
    }

    private static DecodedPacket Right<TAddress>(PathResult<TAddress> result)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        for (var packet = result.Packet; packet is not null; packet = packet.Inner)
        {
            if (packet.EtherType is not (Headers.EtherTypes.IPv4 or Headers.EtherTypes.IPv6)) continue;
            Assert.True(packet.IpChecksumIsRight, $"the checksum of an IP header is wrong\n{result.Packet}");
            Assert.False(packet.Checksum == ChecksumKind.Wrong, $"a transport checksum is wrong\n{result.Packet}");
        }
        return result.Packet;
    }
}
