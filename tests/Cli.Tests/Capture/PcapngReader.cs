using System.Buffers.Binary;
using System.Text;

namespace Dataplane.Cli.Tests.Capture;

/// <summary>Reads pcapng as strictly as the draft allows, written from the draft and not from our writer.</summary>
internal static class PcapngReader
{
    public static List<PcapngBlock> Read(byte[] file)
    {
        var blocks = new List<PcapngBlock>();
        for (int at = 0; at < file.Length;)
        {
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at));
            int length = (int)BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 4));
            if (length % 4 != 0 || BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + length - 4)) != length)
                throw new InvalidDataException($"block at {at}: lengths disagree");
            var body = file.AsSpan(at + 8, length - 12);
            int fixedSize = type switch
            {
                0x0A0D0D0A => 16,
                1 => 8,
                6 => 20 + ((int)BinaryPrimitives.ReadUInt32LittleEndian(body[12..]) + 3 & ~3),
                _ => throw new InvalidDataException($"block type {type}"),
            };
            blocks.Add(new PcapngBlock(type, body[..fixedSize].ToArray(), ReadOptions(body[fixedSize..])));
            at += length;
        }
        return blocks;
    }

    private static Dictionary<int, byte[]> ReadOptions(ReadOnlySpan<byte> options)
    {
        var found = new Dictionary<int, byte[]>();
        while (true)
        {
            int code = BinaryPrimitives.ReadUInt16LittleEndian(options);
            int length = BinaryPrimitives.ReadUInt16LittleEndian(options[2..]);
            options = options[4..];
            if (code == 0)
                return options.IsEmpty && length == 0 ? found : throw new InvalidDataException("bytes after the end of options");
            found.Add(code, options[..length].ToArray());
            if (options[length..(length + 3 & ~3)].ContainsAnyExcept((byte)0))
                throw new InvalidDataException("padding is not zero");
            options = options[(length + 3 & ~3)..];
        }
    }

    public static string Text(this PcapngBlock block, int option) => Encoding.UTF8.GetString(block.Options[option]);
}
