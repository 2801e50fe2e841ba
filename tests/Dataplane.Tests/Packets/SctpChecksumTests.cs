using Dataplane.Packets;
using Xunit;

namespace Dataplane.Tests.Packets;

/// <summary>K26: the CRC32c of SCTP, whole and after a change of ports.</summary>
public sealed class SctpChecksumTests
{
    private readonly Random _random = new(1);

    /// <summary>RFC 3720, appendix B.4: 32 bytes of zeros, of ones, ascending.</summary>
    [Theory]
    [InlineData(0, 0, 0x8a9136aau)]
    [InlineData(0xff, 0, 0x62a8ab43u)]
    [InlineData(0, 1, 0x46dd794eu)]
    public void K26_IsTheCrcOfTheStandard(byte first, byte step, uint expected)
    {
        byte[] data = [.. Enumerable.Range(0, 32).Select(i => (byte)(first + i * step))];
        Assert.Equal(expected, SctpChecksum.Compute(data));
    }

    [Fact]
    public void K26_AChangeOfPortsGivesTheCrcOfTheChangedPacket()
    {
        for (int length = 12; length < 1500; length++)
        {
            byte[] packet = new byte[length];
            _random.NextBytes(packet);
            packet.AsSpan(8, 4).Clear();
            uint before = SctpChecksum.Compute(packet);
            uint oldPorts = BitConverter.ToUInt32(packet), newPorts = (uint)_random.NextInt64();
            BitConverter.TryWriteBytes(packet, newPorts);
            Assert.Equal(SctpChecksum.Compute(packet), SctpChecksum.UpdatePorts(before, oldPorts, newPorts, length));
        }
    }

    [Fact]
    public void ADamagedPacketStaysDamaged()
    {
        byte[] packet = new byte[100];
        uint right = SctpChecksum.Compute(packet);
        BitConverter.TryWriteBytes(packet, 0x12345678u);
        Assert.NotEqual(SctpChecksum.Compute(packet), SctpChecksum.UpdatePorts(right ^ 1, 0, 0x12345678, 100));
    }
}
