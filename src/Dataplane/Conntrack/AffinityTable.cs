using System.Numerics;
using System.Runtime.InteropServices;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Conntrack;

/// <summary>
/// Which endpoint a client had last of a service with session affinity (K19). Of fixed size: each client of a service belongs to one
/// set of eight places, and takes that of the one not seen for longest. Asked only when a flow opens.
/// <para>
/// Shared by all workers. A place is written by who has made its version odd, and read by comparing versions before and after. Who
/// finds it being written goes on without it: a client that nobody remembers is given its endpoint by a hash, which is the same for
/// all workers.
/// </para>
/// </summary>
public sealed class AffinityTable<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    /// <summary>Clients that are remembered, unless told otherwise.</summary>
    public const int DefaultCapacity = 65536;

    private const int SetSize = 8;
    private const int SamplePlaces = 65536;

    private readonly Place[] _places;
    private readonly int _setMask;
    private readonly ulong _seed = (ulong)Random.Shared.NextInt64();

    /// <param name="capacity">Clients of services that are remembered; rounded up to a power of two, at least 8.</param>
    public AffinityTable(int capacity = DefaultCapacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        _places = new Place[BitOperations.RoundUpToPowerOf2((uint)Math.Max(capacity, SetSize))];
        _setMask = _places.Length / SetSize - 1;
    }

    /// <summary>Clients that can be remembered.</summary>
    public int Capacity => _places.Length;

    /// <summary>
    /// 64 bits by which a client that is not remembered is given an endpoint: the same for all workers, so that two connections at
    /// once do not end at two endpoints, and others once its timeout has passed.
    /// </summary>
    /// <inheritdoc cref="TryFind"/>
    public ulong Draw(TAddress client, uint service, uint seconds, uint now) => Hash(client, service, now / Math.Max(1, seconds));

    /// <summary>Finds the endpoint of a client that was seen less than <paramref name="seconds"/> ago.</summary>
    /// <param name="client">The client's address.</param>
    /// <param name="service"><see cref="Service{TAddress}.Id"/>.</param>
    /// <param name="seconds">The service's timeout.</param>
    /// <param name="now">Coarse clock, seconds; may wrap.</param>
    /// <param name="backend">The endpoint; whether it may still be used is for the caller to check.</param>
    public bool TryFind(TAddress client, uint service, uint seconds, uint now, out Backend<TAddress> backend)
    {
        foreach (ref var place in Set(client, service))
        {
            if (!place.TryRead(out var copy) || copy.Service != service || !copy.Client.Equals(client)) continue;
            backend = copy.Backend;
            // Another worker's clock may be a second ahead.
            return (int)(now - copy.Seen) < (int)Math.Min(seconds, int.MaxValue);
        }
        backend = default;
        return false;
    }

    /// <summary>Remembers a client's endpoint, and that it was seen now.</summary>
    public void Remember(TAddress client, uint service, in Backend<TAddress> backend, uint now)
    {
        var set = Set(client, service);
        int oldest = 0;
        uint age = 0;
        for (int i = 0; i < set.Length; i++)
        {
            ref readonly var place = ref set[i];
            if (place.Service == service && place.Client.Equals(client))
            {
                oldest = i;
                break;
            }
            uint its = place.Service == 0 ? uint.MaxValue : now - place.Seen;
            if (its <= age) continue;
            age = its;
            oldest = i;
        }
        set[oldest].TryWrite(client, service, backend, now);
    }

    /// <summary>Clients in the table, about. For the control thread: it looks at every place.</summary>
    public int CountUsed()
    {
        int used = 0;
        foreach (ref readonly var place in _places.AsSpan()) used += place.Service != 0 ? 1 : 0;
        return used;
    }

    /// <summary>Shows all that is remembered: client, service, endpoint, and when the client was seen. For the control thread: it looks at every place.</summary>
    public void ForEach(Action<TAddress, uint, Backend<TAddress>, uint> visit)
    {
        ArgumentNullException.ThrowIfNull(visit);
        for (int i = 0; i < _places.Length; i++)
        {
            if (_places[i].TryRead(out var copy) && copy.Service != 0) visit(copy.Client, copy.Service, copy.Backend, copy.Seen);
        }
    }

    /// <summary>
    /// Clients that were seen less than <paramref name="seconds"/> ago, about. Looks at 65,536 places and no more, however large the table
    /// is: clients are spread over it by a hash, so that any part of it is like the rest. Any thread.
    /// </summary>
    /// <param name="seconds">For how long a client counts, as <see cref="TryFind"/> has it.</param>
    /// <param name="now">Coarse clock, seconds.</param>
    public long EstimateSeen(uint seconds, uint now)
    {
        int seen = 0;
        var sample = _places.AsSpan(0, Math.Min(_places.Length, SamplePlaces));
        foreach (ref readonly var place in sample) seen += place.Service != 0 && (int)(now - place.Seen) < (int)Math.Min(seconds, int.MaxValue) ? 1 : 0;
        return (long)seen * (_places.Length / sample.Length);
    }

    private Span<Place> Set(TAddress client, uint service) => _places.AsSpan(((int)(Hash(client, service, 0) >> 33) & _setMask) * SetSize, SetSize);

    private ulong Hash(TAddress client, uint service, uint salt)
    {
        ulong high = Math.BigMul(TAddress.Mix(client, default, _seed), (service | (ulong)salt << 32) ^ 0x9e3779b97f4a7c15, out ulong low);
        return (high ^ low) * 0xd6e8feb86659fd93;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Place
    {
        public TAddress Client;
        public uint Service; // 0: free
        public Backend<TAddress> Backend;
        public uint Seen;
        private uint _version; // odd: being written

        public bool TryRead(out Place copy)
        {
            uint before = Volatile.Read(ref _version);
            copy = this;
            Volatile.ReadBarrier(); // the copy was made before the version is looked at again
            return (before & 1) == 0 && Volatile.Read(ref _version) == before;
        }

        public void TryWrite(TAddress client, uint service, in Backend<TAddress> backend, uint now)
        {
            uint version = _version;
            if ((version & 1) != 0 || Interlocked.CompareExchange(ref _version, version + 1, version) != version) return;
            Client = client;
            Service = service;
            Backend = backend;
            Seen = now;
            Volatile.Write(ref _version, version + 2);
        }
    }
}
