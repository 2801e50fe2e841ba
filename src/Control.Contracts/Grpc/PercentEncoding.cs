using System.Text;

namespace Dataplane.Contracts.Grpc;

/// <summary>The encoding of grpc-message: UTF-8, where every byte outside printable ASCII, and '%', becomes %XX.</summary>
public static class PercentEncoding
{
    /// <summary>Encodes text for the trailer.</summary>
    public static string Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.AsSpan().ContainsAnyExceptInRange(' ', '~') && !text.Contains('%', StringComparison.Ordinal))
            return text;
        var encoded = new StringBuilder(text.Length + 16);
        foreach (byte value in Encoding.UTF8.GetBytes(text))
        {
            if (value is >= (byte)' ' and <= (byte)'~' and not (byte)'%')
                encoded.Append((char)value);
            else
                encoded.Append('%').Append(value.ToString("X2", null));
        }
        return encoded.ToString();
    }

    /// <summary>Decodes a trailer. What is not a valid escape is kept as it is, so that no text is ever lost.</summary>
    public static string Decode(string encoded)
    {
        ArgumentNullException.ThrowIfNull(encoded);
        if (!encoded.Contains('%', StringComparison.Ordinal))
            return encoded;
        byte[] source = Encoding.UTF8.GetBytes(encoded);
        int length = 0;
        for (int i = 0; i < source.Length; i++)
        {
            if (source[i] == '%' && i + 2 < source.Length && char.IsAsciiHexDigit((char)source[i + 1]) && char.IsAsciiHexDigit((char)source[i + 2]))
            {
                source[length++] = (byte)(Nibble(source[i + 1]) << 4 | Nibble(source[i + 2]));
                i += 2;
            }
            else
            {
                source[length++] = source[i];
            }
        }
        return Encoding.UTF8.GetString(source, 0, length);
    }

    private static int Nibble(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
