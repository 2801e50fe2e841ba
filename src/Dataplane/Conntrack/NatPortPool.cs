using System.Numerics;
using Dataplane.Packets;

namespace Dataplane.Conntrack;

/// <summary>
/// Source ports of masqueraded flows. The same port serves many flows at once, as long as their destinations differ: destinations
/// (address, port and protocol) are spread over groups, and a port is in use at most once per group. So no two flows to one
/// destination ever have the same port, taking and giving back cost the same however many are in use, and memory is fixed. That two
/// busy destinations may share a group only means that they share its ports.
/// <para>
/// Shared by all workers; a port is taken and given back by an atomic operation on its bit. Whose it is the flow's entry says, and
/// the worker that made the entry gives the port back when it recycles it.
/// </para>
/// </summary>
public sealed class NatPortPool
{
    /// <summary>Groups of destinations.</summary>
    public const int Groups = 1024;

    /// <summary>The range unless told otherwise: the dynamic ports of IANA (RFC 6335).</summary>
    public const ushort DefaultFirst = 49152, DefaultLast = 65535;

    private const int WordBits = 64;

    private readonly ushort _first;
    private readonly int _words; // per group
    private readonly ulong[] _bits; // 1: in use
    private readonly int[] _used; // per group
    private readonly ulong _seed = (ulong)Random.Shared.NextInt64();

    /// <param name="first">Lowest port, host byte order.</param>
    /// <param name="last">Highest port; the number of ports is a multiple of 64.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is empty or not a multiple of 64 long.</exception>
    public NatPortPool(ushort first, ushort last)
    {
        int ports = last - first + 1;
        if (ports <= 0 || ports % WordBits != 0) throw new ArgumentOutOfRangeException(nameof(last), last, $"ports {first} to {last} are not a multiple of {WordBits}");
        _first = first;
        _words = ports / WordBits;
        _bits = new ulong[_words * Groups];
        _used = new int[Groups];
    }

    /// <summary>Ports in the range: flows that one destination can have at once.</summary>
    public int Size => _words * WordBits;

    /// <summary>Ports in use by the group that uses most; of <see cref="Size"/>. Any thread.</summary>
    public int MostUsed
    {
        get
        {
            int most = 0;
            foreach (int used in _used) most = Math.Max(most, used);
            return most;
        }
    }

    /// <summary>Ports in use in all groups together. Any thread.</summary>
    public long Used
    {
        get
        {
            long sum = 0;
            foreach (int used in _used) sum += used;
            return sum;
        }
    }

    /// <summary>Takes a port for a flow, at random; false when all are in use at its destination.</summary>
    /// <param name="translated">The flow's packets as they leave, but for the source port.</param>
    /// <param name="random">64 random bits.</param>
    /// <param name="port">The port.</param>
    public bool TryTake<TAddress>(in FlowTuple<TAddress> translated, ulong random, out Be16 port)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        int group = GroupOf(translated.Destination, translated.DestinationPort, translated.Protocol);
        var bits = _bits.AsSpan(group * _words, _words);
        int start = (int)((random >> 32) % (uint)_words);
        for (int i = 0; i < bits.Length; i++)
        {
            int word = start + i;
            if (word >= bits.Length) word -= bits.Length;
            int bit = TakeBit(ref bits[word], (int)random & WordBits - 1);
            if (bit < 0) continue;
            Interlocked.Increment(ref _used[group]);
            port = Be16.FromHost((ushort)(_first + word * WordBits + bit));
            return true;
        }
        port = default;
        return false;
    }

    /// <summary>Whether a port is of the range.</summary>
    public bool Contains(Be16 port) => port.Value - _first is >= 0 and var number && number < Size;

    /// <summary>Takes the port that a flow of an earlier process has; false when another flow of its group has it.</summary>
    /// <param name="reply">The packets that answer the flow: they are sent to the port, which is of the range.</param>
    public bool TryClaim<TAddress>(in FlowTuple<TAddress> reply)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        int group = GroupOf(reply.Source, reply.SourcePort, reply.Protocol), number = reply.DestinationPort.Value - _first;
        ulong bit = 1UL << number % WordBits;
        if ((Interlocked.Or(ref _bits[group * _words + number / WordBits], bit) & bit) != 0) return false;
        Interlocked.Increment(ref _used[group]);
        return true;
    }

    /// <summary>Gives back the port of a flow.</summary>
    /// <param name="reply">The packets that answer the flow: they are sent to the port.</param>
    public void Return<TAddress>(in FlowTuple<TAddress> reply)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        int group = GroupOf(reply.Source, reply.SourcePort, reply.Protocol), number = reply.DestinationPort.Value - _first;
        Interlocked.And(ref _bits[group * _words + number / WordBits], ~(1UL << number % WordBits));
        Interlocked.Decrement(ref _used[group]);
    }

    // A free bit of the word, the first at or after `from` going round; -1 when there is none.
    private static int TakeBit(ref ulong word, int from)
    {
        ulong seen = Volatile.Read(ref word);
        while (seen != ulong.MaxValue)
        {
            int bit = BitOperations.TrailingZeroCount(BitOperations.RotateRight(~seen, from)) + from & WordBits - 1;
            ulong was = Interlocked.CompareExchange(ref word, seen | 1UL << bit, seen);
            if (was == seen) return bit;
            seen = was;
        }
        return -1;
    }

    private int GroupOf<TAddress>(TAddress destination, Be16 destinationPort, byte protocol)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        // An echo's identifier stands in both ports: it is what the pool gives, and does not tell destinations apart.
        if (protocol == TAddress.IcmpProtocol) destinationPort = default;
        ulong high = Math.BigMul(TAddress.Mix(destination, default, _seed), (destinationPort.Raw | (ulong)protocol << 16) ^ 0x9e3779b97f4a7c15, out ulong low);
        return (int)((high ^ low) * 0xd6e8feb86659fd93 >> 54);
    }
}
