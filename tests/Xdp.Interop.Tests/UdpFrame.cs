using System.Buffers.Binary;
using System.Net;

namespace Xdp.Interop.Tests;

/// <summary>Ethernet, IPv4 and UDP around a payload; enough for a pod's kernel to take it.</summary>
internal static class UdpFrame
{
    private const int Ip = 14, Udp = 34, Payload = 42;

    public static byte[] Build(byte[] destinationMac, string source, string destination, ushort sourcePort, ushort destinationPort, ReadOnlySpan<byte> payload)
    {
        byte[] frame = new byte[Payload + payload.Length];
        destinationMac.CopyTo(frame, 0);
        new byte[] { 2, 0, 0, 0, 0, 9, 8, 0, 0x45 }.CopyTo(frame, 6);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(Ip + 2), (ushort)(frame.Length - Ip));
        frame[Ip + 8] = 64;
        frame[Ip + 9] = 17;
        IPAddress.Parse(source).GetAddressBytes().CopyTo(frame, Ip + 12);
        IPAddress.Parse(destination).GetAddressBytes().CopyTo(frame, Ip + 16);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(Ip + 10), (ushort)~Sum(frame.AsSpan(Ip, 20), 0));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(Udp), sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(Udp + 2), destinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(Udp + 4), (ushort)(8 + payload.Length));
        payload.CopyTo(frame.AsSpan(Payload));
        return frame; // UDP checksum 0: not computed, which IPv4 allows
    }

    /// <summary>Puts the uncomplemented pseudo-header sum into the checksum field, as a pod's kernel does with offload on.</summary>
    public static void SetHalfChecksum(byte[] frame)
    {
        uint length = (uint)(frame.Length - Udp);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(Udp + 6), Sum(frame.AsSpan(Ip + 12, 8), length + 17));
    }

    private static ushort Sum(ReadOnlySpan<byte> bytes, uint sum)
    {
        for (int i = 0; i < bytes.Length; i += 2)
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes[i..]);
        while (sum > 0xffff)
            sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)sum;
    }
}
