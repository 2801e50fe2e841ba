using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Text;

namespace Dataplane.Cli.Capture;

/// <summary>
/// Writes pcapng blocks (draft-ietf-opsawg-pcapng) into a pipe. Every block is
/// <code>
///  block type (4)  total length (4)  body (padded to 4)  options  total length (4)
/// </code>
/// in little-endian, which the section header's byte-order magic declares. Blocks are complete as soon as they are
/// written, so a file that ends between two calls is a valid file.
/// </summary>
internal sealed class PcapngWriter(PipeWriter pipe)
{
    private const uint SectionHeaderBlock = 0x0A0D0D0A;
    private const uint InterfaceDescriptionBlock = 1;
    private const uint EnhancedPacketBlock = 6;
    private const uint ByteOrderMagic = 0x1A2B3C4D;
    private const ushort MajorVersion = 1;
    private const ushort MinorVersion = 0;
    private const ulong SectionLengthUnknown = ulong.MaxValue;

    private const int BlockHeaderSize = 8;
    private const int BlockTrailerSize = 4;
    private const int SectionBodySize = 16;
    private const int InterfaceBodySize = 8;
    private const int PacketBodySize = 20;
    private const int OptionHeaderSize = 4;
    private const int EndOfOptionsSize = 4;

    private const ushort OptionEnd = 0;
    private const ushort OptionComment = 1;
    private const ushort SectionOs = 3;
    private const ushort SectionApplication = 4;
    private const ushort InterfaceName = 2;
    private const ushort InterfaceTimestampResolution = 9;
    private const ushort PacketFlags = 2;
    private const ushort PacketDropCount = 4;

    private const byte Nanoseconds = 9; // the exponent of 10, negated
    private const ushort LinkTypeEthernet = 1;
    private const uint FlagInbound = 1;
    private const uint FlagOutbound = 2;

    /// <summary>Starts the file.</summary>
    public void WriteSection(PcapngSection section)
    {
        int options = TextOptionSize(section.OperatingSystem) + TextOptionSize(section.Application) + TextOptionSize(section.Comment);
        var body = Begin(SectionHeaderBlock, SectionBodySize + options + EndOfOptionsSize, out int total);
        BinaryPrimitives.WriteUInt32LittleEndian(body, ByteOrderMagic);
        BinaryPrimitives.WriteUInt16LittleEndian(body[4..], MajorVersion);
        BinaryPrimitives.WriteUInt16LittleEndian(body[6..], MinorVersion);
        BinaryPrimitives.WriteUInt64LittleEndian(body[8..], SectionLengthUnknown);
        var rest = WriteText(body[SectionBodySize..], SectionOs, section.OperatingSystem);
        rest = WriteText(rest, SectionApplication, section.Application);
        rest = WriteText(rest, OptionComment, section.Comment);
        End(rest, total);
    }

    /// <summary>Declares the next interface; the first is number 0.</summary>
    /// <param name="name">Port name, shown by Wireshark beside each frame.</param>
    /// <param name="snapLength">Bytes kept of each frame; 0: no limit.</param>
    public void WriteInterface(string name, uint snapLength)
    {
        int options = TextOptionSize(name) + OptionHeaderSize + 4;
        var body = Begin(InterfaceDescriptionBlock, InterfaceBodySize + options + EndOfOptionsSize, out int total);
        BinaryPrimitives.WriteUInt16LittleEndian(body, LinkTypeEthernet);
        BinaryPrimitives.WriteUInt16LittleEndian(body[2..], 0);
        BinaryPrimitives.WriteUInt32LittleEndian(body[4..], snapLength);
        var rest = WriteText(body[InterfaceBodySize..], InterfaceName, name);
        rest = WriteOption(rest, InterfaceTimestampResolution, [Nanoseconds]);
        End(rest, total);
    }

    /// <summary>Writes one frame.</summary>
    /// <param name="interfaceNumber">Of an interface written before.</param>
    /// <param name="unixNanoseconds">When it passed the port.</param>
    /// <param name="outgoing">True: on its way out of the port.</param>
    /// <param name="data">The bytes kept.</param>
    /// <param name="wireLength">Length it had, in bytes.</param>
    /// <param name="lost">Frames lost since the one before.</param>
    /// <param name="comment">Shown beside the frame; empty for none.</param>
    public void WritePacket(
        uint interfaceNumber, ulong unixNanoseconds, bool outgoing, ReadOnlySpan<byte> data, uint wireLength, ulong lost, string comment)
    {
        int options = OptionHeaderSize + 4 + (lost > 0 ? OptionHeaderSize + 8 : 0) + TextOptionSize(comment);
        var body = Begin(EnhancedPacketBlock, PacketBodySize + Pad(data.Length) + options + EndOfOptionsSize, out int total);
        BinaryPrimitives.WriteUInt32LittleEndian(body, interfaceNumber);
        BinaryPrimitives.WriteUInt32LittleEndian(body[4..], (uint)(unixNanoseconds >> 32));
        BinaryPrimitives.WriteUInt32LittleEndian(body[8..], (uint)unixNanoseconds);
        BinaryPrimitives.WriteUInt32LittleEndian(body[12..], (uint)data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(body[16..], wireLength);
        data.CopyTo(body[PacketBodySize..]);
        var rest = body[(PacketBodySize + Pad(data.Length))..];

        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(number, outgoing ? FlagOutbound : FlagInbound);
        rest = WriteOption(rest, PacketFlags, number[..4]);
        if (lost > 0)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(number, lost);
            rest = WriteOption(rest, PacketDropCount, number);
        }
        rest = WriteText(rest, OptionComment, comment);
        End(rest, total);
    }

    /// <summary>Hands what was written to the stream behind the pipe.</summary>
    public async ValueTask FlushAsync() => await pipe.FlushAsync(CancellationToken.None);

    private Span<byte> Begin(uint type, int bodySize, out int total)
    {
        total = BlockHeaderSize + bodySize + BlockTrailerSize;
        var block = pipe.GetSpan(total)[..total];
        // Padding and end-of-options are zeros, and a pipe's memory is used before.
        block.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(block, type);
        BinaryPrimitives.WriteUInt32LittleEndian(block[4..], (uint)total);
        return block[BlockHeaderSize..];
    }

    /// <param name="rest">What follows the options: end-of-options and the trailing length.</param>
    /// <param name="total">Length of the whole block.</param>
    private void End(Span<byte> rest, int total)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(rest, OptionEnd);
        BinaryPrimitives.WriteUInt32LittleEndian(rest[EndOfOptionsSize..], (uint)total);
        pipe.Advance(total);
    }

    private static int Pad(int length) => (length + 3) & ~3;

    private static int TextOptionSize(string text) =>
        text.Length == 0 ? 0 : OptionHeaderSize + Pad(Encoding.UTF8.GetByteCount(text));

    private static Span<byte> WriteText(Span<byte> rest, ushort code, string text) =>
        text.Length == 0 ? rest : WriteOption(rest, code, Encoding.UTF8.GetBytes(text));

    private static Span<byte> WriteOption(Span<byte> rest, ushort code, scoped ReadOnlySpan<byte> value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(rest, code);
        BinaryPrimitives.WriteUInt16LittleEndian(rest[2..], (ushort)value.Length);
        value.CopyTo(rest[OptionHeaderSize..]);
        return rest[(OptionHeaderSize + Pad(value.Length))..];
    }
}
