using Xunit;

namespace Dataplane.Testing.Packets;

/// <summary>Compares frames byte by byte and shows what differs in words.</summary>
public static class PacketAssert
{
    /// <summary>Fails unless both frames are the same.</summary>
    public static void Equal(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual)
    {
        int same = expected.CommonPrefixLength(actual);
        if (same == expected.Length && same == actual.Length) return;
        Assert.Fail($"frames differ from byte {same} on\nexpected ({expected.Length} bytes)\n{Describe(expected)}{Convert.ToHexString(expected)}\nactual ({actual.Length} bytes)\n{Describe(actual)}{Convert.ToHexString(actual)}");
    }

    private static string Describe(ReadOnlySpan<byte> frame)
    {
        try
        {
            return new DecodedPacket(frame).ToString();
        }
        catch (ArgumentOutOfRangeException)
        {
            return "cut short\n";
        }
    }
}
