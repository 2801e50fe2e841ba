using System.Numerics;
using Dataplane.Packets;

namespace Dataplane.Tables;

/// <summary>
/// Service frontends and their backends. A lookup costs one hash probe at any number of services; a service's backends are a run
/// of one array, so choosing one is an index.
/// </summary>
public sealed class ServiceTable<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private const ulong Seed = 0x8f14e45fceea167a;
    private readonly Frontend<TAddress>[] _slots;
    private readonly bool[] _used;
    private readonly int _shift;
    private readonly ServiceBackends[] _services;
    private readonly Backend<TAddress>[] _backends;
    private readonly AddressMap<TAddress> _addresses;
    private readonly PrefixTable<TAddress> _ranges;

    /// <param name="frontends">Each refers to a service by its index in <paramref name="services"/>.</param>
    /// <param name="services">Runs in <paramref name="backends"/>.</param>
    /// <param name="backends">Backends of all services.</param>
    /// <param name="ranges">Where cluster addresses are allocated: an address in them that no service has is dropped (K6).</param>
    public ServiceTable(IReadOnlyCollection<Frontend<TAddress>> frontends, ServiceBackends[] services, Backend<TAddress>[] backends, IReadOnlyCollection<PrefixEntry<TAddress>> ranges)
    {
        _services = services;
        _backends = backends;
        int size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(4, frontends.Count * 2));
        _shift = 64 - BitOperations.Log2((uint)size);
        _slots = new Frontend<TAddress>[size];
        _used = new bool[size];
        var addresses = new List<KeyValuePair<TAddress, int>>(frontends.Count);
        foreach (var frontend in frontends)
        {
            int slot = SlotOf(frontend.Address, frontend.Protocol, frontend.Port);
            while (_used[slot]) slot = slot + 1 & size - 1;
            _slots[slot] = frontend;
            _used[slot] = true;
            addresses.Add(new(frontend.Address, 0));
        }
        _addresses = new AddressMap<TAddress>(addresses);
        _ranges = new PrefixTable<TAddress>(ranges);
    }

    /// <summary>Services in the table.</summary>
    public int Count => _services.Length;

    /// <summary>Backends of all services.</summary>
    public int BackendCount => _backends.Length;

    /// <summary>Number of the service with this frontend, or -1.</summary>
    public int Find(TAddress address, byte protocol, ushort port)
    {
        var slots = _slots;
        var used = _used;
        int slot = SlotOf(address, protocol, port);
        while ((uint)slot < (uint)used.Length && (uint)slot < (uint)slots.Length && used[slot])
        {
            ref readonly var f = ref slots[slot];
            if (f.Port == port && f.Protocol == protocol && f.Address.Equals(address)) return f.Service;
            slot = slot + 1 & used.Length - 1;
        }
        return -1;
    }

    /// <summary>True when some service has this address, whatever the port.</summary>
    public bool HasAddress(TAddress address) => _addresses.Find(address) >= 0;

    /// <summary>True when the address lies in a range that only services use.</summary>
    public bool InServiceRange(TAddress address) => _ranges.Find(address) >= 0;

    /// <summary>Backends of a service.</summary>
    public ReadOnlySpan<Backend<TAddress>> BackendsOf(int service)
    {
        ref readonly var s = ref _services[service];
        return _backends.AsSpan(s.First, s.Count);
    }

    private int SlotOf(TAddress address, byte protocol, ushort port) =>
        (int)((TAddress.Mix(address, default, Seed) ^ ((ulong)port << 8 | protocol) << 32) * 0x9e3779b97f4a7c15 >> _shift);
}
