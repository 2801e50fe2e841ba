using Dataplane.Packets;
using Xdp.Interop;

namespace Dataplane.Control.Apply;

/// <summary>
/// Keeps the maps of the uplink's program as wanted: the node's addresses and their uses, the ports of translated sources, and the service
/// frontends, of both families. Only differences are written. One caller at a time.
/// </summary>
internal sealed class UplinkSteering
{
    private readonly BpfMap _config;
    private readonly SteeringMaps<IPv4Address> _v4;
    private readonly SteeringMaps<IPv6Address> _v6;
    private UplinkConfig? _configured;

    /// <param name="uplink">The program; it owns the maps and outlives this object.</param>
    public UplinkSteering(XdpProgram uplink)
    {
        _config = uplink.Map("config");
        _v4 = new(uplink.Map("node_addresses"), uplink.Map("frontends"));
        _v6 = new(uplink.Map("node_addresses6"), uplink.Map("frontends6"));
    }

    /// <summary>Frontends that are steered to the socket.</summary>
    public int Frontends => _v4.Frontends + _v6.Frontends;

    /// <summary>IPv4 frontends that can be.</summary>
    public int FrontendRoom => _v4.Room;

    /// <summary>IPv6 frontends that can be, beside those of IPv4.</summary>
    public int FrontendRoomV6 => _v6.Room;

    /// <summary>Brings the maps up to date. Addresses go first, so that no frontend is known before its address is.</summary>
    /// <exception cref="XdpException">
    /// Something did not fit (E2BIG, ENOMEM): the message names it, and all the rest is in force. Or the kernel refused otherwise; the next call continues.
    /// </exception>
    public void Apply(UplinkSteeringSpec wanted)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        XdpException?[] addresses = [_v4.ApplyAddresses(wanted.Addresses), _v6.ApplyAddresses(wanted.AddressesV6)];
        Configure(wanted);
        XdpException?[] frontends = [_v4.ApplyFrontends(wanted.Frontends), _v6.ApplyFrontends(wanted.FrontendsV6)];
        if (addresses.Concat(frontends).FirstOrDefault(failure => failure is not null) is { } first) throw first;
    }

    private void Configure(UplinkSteeringSpec wanted)
    {
        var config = new UplinkConfig(Be16.FromHost(wanted.VxlanPort).Raw, 0, wanted.NatPorts?.First ?? 0, wanted.NatPorts?.Last ?? 0);
        if (config == _configured) return;
        _config.Update(0u, config);
        _configured = config;
    }

    // struct uplink_config of xdp-progs/uplink.bpf.c; the tunnels' port is in network byte order
    private readonly record struct UplinkConfig(ushort VxlanPort, ushort NativeRouting, ushort NatFirst, ushort NatLast);
}
