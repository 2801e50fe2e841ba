using System.Numerics;
using System.Runtime.InteropServices;
using Dataplane.Packets;

namespace Dataplane.Conntrack;

/// <summary>
/// Ports of fragmented packets under way: only the first fragment carries them (and in IPv6 its word alone counts for the protocol), the
/// later ones find them here. One worker's own:
/// fragments of a packet come in by one port. Fixed size; each fragment belongs to one of the sets of eight, and takes the place
/// of that set's oldest.
/// </summary>
public sealed class FragmentTable<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    /// <summary>Seconds for which a packet's later fragments are awaited (Linux ipfrag_time; RFC 8200 says 60 at most).</summary>
    public const int Timeout = 30;

    /// <summary>Packets under way, unless told otherwise.</summary>
    public const int DefaultCapacity = 1024;

    private const int SetSize = 8;

    private readonly Fragment[] _fragments;
    private readonly int _setMask;
    private readonly ulong _seed = (ulong)Random.Shared.NextInt64(); // a sender cannot aim at another's set

    /// <param name="capacity">Packets under way; rounded up to a power of two, at least 8.</param>
    public FragmentTable(int capacity = DefaultCapacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        int size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(capacity, SetSize));
        _fragments = new Fragment[size];
        _setMask = size / SetSize - 1;
    }

    /// <summary>Packets it can hold.</summary>
    public int Capacity => _fragments.Length;

    /// <summary>Keeps the ports of a first fragment. The same packet again replaces what was kept.</summary>
    /// <param name="source">As it stands in the packet.</param>
    /// <param name="destination">As it stands in the packet.</param>
    /// <param name="id">Identification of the IP header or fragment header, in any byte order, always the same one.</param>
    /// <param name="protocol">IP protocol number.</param>
    /// <param name="sourcePort">Port to give to later fragments.</param>
    /// <param name="destinationPort">Port to give to later fragments.</param>
    /// <param name="now">Coarse clock, seconds; may wrap.</param>
    public void Remember(TAddress source, TAddress destination, uint id, byte protocol, Be16 sourcePort, Be16 destinationPort, uint now)
    {
        Span<Fragment> set = Set(source, destination, id, protocol);
        int place = 0;
        for (int i = 0; i < set.Length; i++)
        {
            if (set[i].Is(source, destination, id, protocol))
            {
                place = i;
                break;
            }
            if (Age(in set[i], now) > Age(in set[place], now)) place = i;
        }
        set[place] = new Fragment
        {
            Source = source,
            Destination = destination,
            Id = id,
            Protocol = protocol,
            InUse = true,
            SourcePort = sourcePort,
            DestinationPort = destinationPort,
            Seen = now,
        };
    }

    /// <summary>
    /// Finds the ports of a later fragment's packet, and makes <paramref name="protocol"/> that of its first fragment; false when that was
    /// not seen in the last <see cref="Timeout"/> seconds.
    /// </summary>
    public bool TryFind(TAddress source, TAddress destination, uint id, ref byte protocol, uint now, out Be16 sourcePort, out Be16 destinationPort)
    {
        foreach (ref readonly Fragment f in Set(source, destination, id, protocol))
        {
            if (!f.Is(source, destination, id, protocol) || Age(in f, now) >= Timeout) continue;
            protocol = f.Protocol;
            sourcePort = f.SourcePort;
            destinationPort = f.DestinationPort;
            return true;
        }
        sourcePort = destinationPort = default;
        return false;
    }

    private Span<Fragment> Set(TAddress source, TAddress destination, uint id, byte protocol)
    {
        if (!TAddress.FragmentsNameProtocol) protocol = 0;
        ulong high = Math.BigMul(TAddress.Mix(source, destination, _seed), (id | (ulong)protocol << 32) ^ 0x9e3779b97f4a7c15, out ulong low);
        // Mixed once more: identifications that follow each other would be spread evenly for some seeds, and badly for others.
        return _fragments.AsSpan(((int)((high ^ low) * 0xd6e8feb86659fd93 >> 32) & _setMask) * SetSize, SetSize);
    }

    private static long Age(in Fragment f, uint now) => f.InUse ? now - f.Seen : long.MaxValue;

    [StructLayout(LayoutKind.Sequential)]
    private struct Fragment
    {
        public TAddress Source;
        public TAddress Destination;
        public uint Id;
        public Be16 SourcePort;
        public Be16 DestinationPort;
        public uint Seen;
        public byte Protocol;
        public bool InUse;

        public readonly bool Is(TAddress source, TAddress destination, uint id, byte protocol) =>
            InUse && Id == id && (Protocol == protocol || !TAddress.FragmentsNameProtocol) && Source.Equals(source) && Destination.Equals(destination);
    }
}
