using Dataplane.Packets;
using Dataplane.Testing.Packets;

namespace Dataplane.Tests;

/// <summary>
/// Makes frames for the path to survive: known good ones with a few bytes changed, cut, stretched or spliced, and noise. Fast and
/// free of allocation, so that the path is what takes the time; the same seed makes the same frames.
/// </summary>
internal sealed class FrameMutator
{
    private const int Largest = 3840;

    // Where frames of IPv6 name what follows: in the IP header, and where one or two extension headers may start; and the same in a tunnel.
    private static readonly byte[] Chains = [20, 20, 54, 62, 78, 70, 104, 112];
    private static readonly byte[] Headers = [0, 43, 44, 51, 60, 59, 6, 58];

    private readonly byte[][] _seeds;
    private readonly byte[] _frame = new byte[Largest];
    private ulong _state;

    public FrameMutator(IEnumerable<byte[]> seeds, ulong seed)
    {
        _seeds = [.. seeds.Where(s => s.Length is > 0 and <= 400)];
        _state = seed * 2 + 1;
    }

    /// <summary>The next frame; valid until the one after it.</summary>
    public ReadOnlySpan<byte> Next(out PacketOrigin origin, out ushort port)
    {
        ulong random = Random();
        (origin, port) = (random & 7) switch
        {
            0 or 1 or 2 => (PacketOrigin.Pod, SampleNode.PodAPort),
            3 => (PacketOrigin.Pod, (ushort)(random >> 8 & 15)),
            4 => (PacketOrigin.Host, SampleNode.HostPort),
            _ => (PacketOrigin.Uplink, SampleNode.UplinkPort),
        };
        int length = (random >> 3 & 63) == 0 ? Noise(random >> 16) : Mutate(random >> 16);
        return _frame.AsSpan(0, length);
    }

    private int Mutate(ulong random)
    {
        var seed = _seeds[(int)Below(random & 0xffff, _seeds.Length, 16)];
        seed.CopyTo(_frame, 0);
        int length = seed.Length;
        for (int changes = (int)(random >> 16 & 3); changes > 0; changes--) length = Change(length);
        return length;
    }

    private int Noise(ulong random)
    {
        int length = (int)(random & 0xff);
        for (int i = 0; i < length; i += 8) BitConverter.TryWriteBytes(_frame.AsSpan(i), Random());
        return length;
    }

    private int Change(int length)
    {
        if (length == 0) return 0;
        ulong random = Random();
        int at = (int)Below(random & 0xffff, length, 16);
        switch (random >> 16 & 15)
        {
            case 0: return at; // cut
            case 1: // stretch
                int more = (int)(random >> 20 & 0x3ff) + 1;
                more = Math.Min(more, Largest - length);
                _frame.AsSpan(length, more).Fill((byte)random);
                return length + more;
            case 2: // splice another one behind
                var other = _seeds[(int)Below(random >> 20 & 0xffff, _seeds.Length, 16)];
                int count = Math.Min(other.Length, Largest - at);
                other.AsSpan(0, count).CopyTo(_frame.AsSpan(at));
                return at + count;
            case 3:
            case 4: // a bit
                _frame[at] ^= (byte)(1 << (int)(random >> 20 & 7));
                return length;
            case 5:
            case 6: // a number on an edge
                _frame[at] = (random >> 20 & 3) switch { 0 => 0, 1 => 0xff, 2 => 0x7f, _ => 0x80 };
                return length;
            case 8: // another header follows, where an IP header or an extension header says so
                at = Chains[(int)(random >> 20 & 7)];
                if (at < length) _frame[at] = Headers[(int)(random >> 24 & 7)];
                return length;
            case 7: // a length field: headers lie in the first hundred bytes
                at %= Math.Min(length, 100);
                _frame[at] = (byte)(random >> 20 & 0x3f);
                return length;
            default: // a byte
                _frame[at] = (byte)(random >> 20);
                return length;
        }
    }

    private static ulong Below(ulong random, int limit, int bits) => random * (ulong)limit >> bits;

    private ulong Random()
    {
        _state ^= _state >> 12;
        _state ^= _state << 25;
        _state ^= _state >> 27;
        return _state * 0x2545f4914f6cdd1d;
    }
}
