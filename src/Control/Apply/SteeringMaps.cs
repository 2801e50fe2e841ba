using System.Net;
using Dataplane.Control.Compile;
using Dataplane.Packets;
using Xdp.Interop;

namespace Dataplane.Control.Apply;

/// <summary>The maps of the uplink's program that are of one family: the node's addresses and their uses, the service frontends, and the prefixes of this node's pods. One caller at a time.</summary>
internal sealed class SteeringMaps<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private const int Named = 5; // of those that do not fit
    private const byte Served = 1, Lingers = 2; // enum frontend_state of xdp-progs/uplink.bpf.c

    private readonly MirroredMap<TAddress, byte> _addresses;
    private readonly MirroredMap<ExternalFrontend<TAddress>, byte> _frontends;
    private readonly MirroredMap<PodKey, byte> _pods;
    private readonly int _addressRoom;
    private IReadOnlySet<ExternalFrontend<TAddress>>? _complete; // the set that the map holds, if it holds all of it

    /// <param name="addresses">node_addresses of the family.</param>
    /// <param name="frontends">frontends of the family.</param>
    /// <param name="pods">local_pods of the family.</param>
    public SteeringMaps(BpfMap addresses, BpfMap frontends, BpfMap pods)
    {
        _pods = new(pods.Update, key => pods.Delete(key), Entries<PodKey>(pods));
        _addressRoom = addresses.MaxEntries;
        _addresses = new(addresses.Update, key => addresses.Delete(key), Entries<TAddress>(addresses));
        Room = frontends.MaxEntries;
        _frontends = new(
            (frontend, value) => frontends.Update(new FrontendKey(frontend), value),
            frontend => frontends.Delete(new FrontendKey(frontend)),
            Entries<FrontendKey>(frontends).Select(entry => KeyValuePair.Create(entry.Key.ToFrontend(), entry.Value)));
    }

    /// <summary>Frontends that are steered to the socket.</summary>
    public int Frontends => _frontends.Count;

    /// <summary>Frontends that can be.</summary>
    public int Room { get; }

    /// <summary>Writes what the node's addresses are for.</summary>
    /// <returns>What did not fit; null when all did.</returns>
    /// <exception cref="XdpException">The kernel refused otherwise; the next call continues.</exception>
    public XdpException? ApplyAddresses(IReadOnlyDictionary<TAddress, UplinkAddressUse> wanted)
    {
        var (left, why) = _addresses.Apply(
            [.. wanted.Where(address => address.Value != UplinkAddressUse.None).Select(address => address.Key)],
            (TAddress address, out byte use) => (use = (byte)wanted.GetValueOrDefault(address)) != 0);
        return left.Count == 0 ? null : new XdpException(
            $"steer packets to {left.Count} of {wanted.Count} node addresses", why,
            $"{Some(left.Select(address => address.ToString()!))} did not fit (there is room for {_addressRoom}); serve node ports at fewer addresses");
    }

    /// <summary>Writes frontends; the same object again costs nothing.</summary>
    /// <param name="wanted">All of them.</param>
    /// <param name="lingering">Those among them that are kept for old connections.</param>
    /// <returns>What did not fit; null when all did.</returns>
    /// <exception cref="XdpException">The kernel refused otherwise; the next call continues.</exception>
    public XdpException? ApplyFrontends(IReadOnlySet<ExternalFrontend<TAddress>> wanted, IReadOnlySet<ExternalFrontend<TAddress>> lingering)
    {
        if (ReferenceEquals(wanted, _complete)) return null;
        _complete = null;
        var (left, why) = _frontends.Apply(wanted, (ExternalFrontend<TAddress> frontend, out byte value) =>
        {
            value = lingering.Contains(frontend) ? Lingers : Served;
            return wanted.Contains(frontend);
        });
        if (left.Count == 0)
        {
            _complete = wanted;
            return null;
        }
        return new XdpException(
            $"steer packets to {left.Count} of {wanted.Count} service frontends", why,
            $"{Some(left.Select(frontend => frontend.ToString()))} did not fit (there is room for {Room}) and are not served to clients outside this node; "
            + "use fewer node ports, external IPs and load balancer addresses, or free memory if it is ENOMEM");
    }

    /// <summary>Writes the prefixes of pods that packets are taken for as they are; those of the other family are left out.</summary>
    /// <exception cref="XdpException">The kernel refused.</exception>
    public void ApplyPods(IEnumerable<IPNetwork> wanted)
    {
        var keys = wanted.Where(FieldParser.IsOf<TAddress>).Select(prefix => new PodKey((uint)prefix.PrefixLength, FieldParser.To<TAddress>(prefix.BaseAddress))).ToHashSet();
        var (left, why) = _pods.Apply(keys, (PodKey key, out byte value) => (value = keys.Contains(key) ? (byte)1 : (byte)0) != 0);
        if (left.Count > 0) throw new XdpException($"take packets to {left.Count} prefixes of pods from the uplinks", why, "free memory");
    }

    private static IEnumerable<KeyValuePair<TKey, byte>> Entries<TKey>(BpfMap map) where TKey : unmanaged
    {
        foreach (var key in map.Keys<TKey>())
            if (map.TryLookup(key, out byte value)) yield return KeyValuePair.Create(key, value);
    }

    private static string Some(IEnumerable<string> names)
    {
        var all = names.Order(StringComparer.Ordinal).ToList();
        return string.Join(", ", all.Take(Named)) + (all.Count > Named ? $" and {all.Count - Named} more" : "");
    }

    // struct ipv4_prefix and ipv6_prefix of the same; the length is in host byte order
    private readonly record struct PodKey(uint Length, TAddress Address);

    // struct frontend and frontend6 of xdp-progs; address and port are in network byte order
    private readonly record struct FrontendKey(TAddress Address, ushort Port, byte Protocol, byte Zero)
    {
        public FrontendKey(ExternalFrontend<TAddress> frontend)
            : this(frontend.Address, Be16.FromHost(frontend.Port).Raw, frontend.Protocol, 0)
        {
        }

        public ExternalFrontend<TAddress> ToFrontend() => new(Address, Be16.FromRaw(Port).Value, Protocol);
    }
}
