using Dataplane.Control.Compile;
using Dataplane.Packets;
using Xdp.Interop;

namespace Dataplane.Control.Apply;

/// <summary>
/// Keeps the maps of the uplink's program as wanted: the node's addresses and their uses, the ports of translated sources, and the service
/// frontends. Only differences are written. One caller at a time.
/// </summary>
internal sealed class UplinkSteering
{
    private const int Named = 5; // of those that do not fit

    private readonly BpfMap _config;
    private readonly MirroredMap<IPv4Address, byte> _addresses;
    private readonly MirroredMap<ExternalFrontend<IPv4Address>, byte> _frontends;
    private readonly int _addressRoom;
    private readonly int _frontendRoom;
    private UplinkConfig? _configured;
    private IReadOnlySet<ExternalFrontend<IPv4Address>>? _complete; // the set that the map holds, if it holds all of it

    /// <param name="uplink">The program; it owns the maps and outlives this object.</param>
    public UplinkSteering(XdpProgram uplink)
    {
        _config = uplink.Map("config");
        var addresses = uplink.Map("node_addresses");
        _addressRoom = addresses.MaxEntries;
        _addresses = new(addresses.Update, key => addresses.Delete(key), Entries<IPv4Address>(addresses));
        var frontends = uplink.Map("frontends");
        _frontendRoom = frontends.MaxEntries;
        _frontends = new(
            (frontend, value) => frontends.Update(new FrontendKey(frontend), value),
            frontend => frontends.Delete(new FrontendKey(frontend)),
            Entries<FrontendKey>(frontends).Select(entry => KeyValuePair.Create(entry.Key.ToFrontend(), entry.Value)));
    }

    /// <summary>Frontends that are steered to the socket.</summary>
    public int Frontends => _frontends.Count;

    /// <summary>Frontends that can be.</summary>
    public int FrontendRoom => _frontendRoom;

    /// <summary>Brings the maps up to date. Addresses go first, so that no frontend is known before its address is.</summary>
    /// <exception cref="XdpException">
    /// Something did not fit (E2BIG, ENOMEM): the message names it, and all the rest is in force. Or the kernel refused otherwise; the next call continues.
    /// </exception>
    public void Apply(UplinkSteeringSpec wanted)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        var addresses = wanted.Addresses;
        var (addressesLeft, addressError) = _addresses.Apply(
            [.. addresses.Where(address => address.Value != UplinkAddressUse.None).Select(address => address.Key)],
            (IPv4Address address, out byte use) => (use = (byte)addresses.GetValueOrDefault(address)) != 0);
        Configure(wanted);
        var (frontendsLeft, frontendError) = ApplyFrontends(wanted.Frontends);

        if (addressesLeft.Count > 0)
        {
            throw new XdpException(
                $"steer packets to {addressesLeft.Count} of {addresses.Count} node addresses", addressError,
                $"{Some(addressesLeft.Select(address => address.ToString()))} did not fit (there is room for {_addressRoom}); serve node ports at fewer addresses");
        }
        if (frontendsLeft.Count > 0)
        {
            throw new XdpException(
                $"steer packets to {frontendsLeft.Count} of {wanted.Frontends.Count} service frontends", frontendError,
                $"{Some(frontendsLeft.Select(frontend => frontend.ToString()))} did not fit (there is room for {_frontendRoom}) and are not served to clients outside this node; "
                + "use fewer node ports, external IPs and load balancer addresses, or free memory if it is ENOMEM");
        }
    }

    private (List<ExternalFrontend<IPv4Address>> Left, Errno Why) ApplyFrontends(IReadOnlySet<ExternalFrontend<IPv4Address>> wanted)
    {
        if (ReferenceEquals(wanted, _complete)) return ([], Errno.None);
        _complete = null;
        var (left, why) = _frontends.Apply(wanted, (ExternalFrontend<IPv4Address> frontend, out byte value) =>
        {
            value = 1;
            return wanted.Contains(frontend);
        });
        if (left.Count == 0) _complete = wanted;
        return (left, why);
    }

    private void Configure(UplinkSteeringSpec wanted)
    {
        var config = new UplinkConfig(Be16.FromHost(wanted.VxlanPort).Raw, 0, wanted.NatPorts?.First ?? 0, wanted.NatPorts?.Last ?? 0);
        if (config == _configured) return;
        _config.Update(0u, config);
        _configured = config;
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

    // struct uplink_config of xdp-progs/uplink.bpf.c; the tunnels' port is in network byte order
    private readonly record struct UplinkConfig(ushort VxlanPort, ushort NativeRouting, ushort NatFirst, ushort NatLast);

    // struct frontend there; address and port are in network byte order
    private readonly record struct FrontendKey(IPv4Address Address, ushort Port, byte Protocol, byte Zero)
    {
        public FrontendKey(ExternalFrontend<IPv4Address> frontend)
            : this(frontend.Address, Be16.FromHost(frontend.Port).Raw, frontend.Protocol, 0)
        {
        }

        public ExternalFrontend<IPv4Address> ToFrontend() => new(Address, Be16.FromRaw(Port).Value, Protocol);
    }
}
