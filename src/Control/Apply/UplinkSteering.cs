using Dataplane.Packets;
using Xdp.Interop;

namespace Dataplane.Control.Apply;

/// <summary>
/// Keeps the maps of the uplink's program as wanted: the node's addresses and their uses, the ports of translated sources, and the service
/// frontends and with native routing the prefixes of pods, of both families. Only differences are written. One caller at a time, but for <see cref="Problem"/>.
/// </summary>
internal sealed class UplinkSteering
{
    private readonly BpfMap _config;
    private readonly SteeringMaps<IPv4Address> _v4;
    private readonly SteeringMaps<IPv6Address> _v6;
    private readonly MirroredMap<DeviceAddress, byte> _devices;
    private UplinkConfig? _configured;
    private UplinkSteeringSpec? _wanted;
    private volatile string? _problem;

    /// <param name="uplink">The program; it owns the maps and outlives this object.</param>
    public UplinkSteering(XdpProgram uplink)
    {
        _config = uplink.Map("config");
        var devices = uplink.Map("device_addresses");
        _devices = new(
            (device, value) => devices.Update(new DeviceKey(device), value),
            device => devices.Delete(new DeviceKey(device)),
            devices.Keys<DeviceKey>().Select(key => KeyValuePair.Create(key.ToDevice(), (byte)1)));
        _v4 = new(uplink.Map("node_addresses"), uplink.Map("frontends"), uplink.Map("local_pods"));
        _v6 = new(uplink.Map("node_addresses6"), uplink.Map("frontends6"), uplink.Map("local_pods6"));
    }

    /// <summary>Frontends that are steered to the socket.</summary>
    public int Frontends => _v4.Frontends + _v6.Frontends;

    /// <summary>IPv4 frontends that can be.</summary>
    public int FrontendRoom => _v4.Room;

    /// <summary>IPv6 frontends that can be, beside those of IPv4.</summary>
    public int FrontendRoomV6 => _v6.Room;

    /// <summary>What of the last <see cref="TryApply"/> is not in force, for people; null when all is. Callable from any thread.</summary>
    public string? Problem => _problem;

    /// <summary>As <see cref="Apply"/>, but a failure is kept as <see cref="Problem"/>, and <see cref="Retry"/> tries again.</summary>
    public void TryApply(UplinkSteeringSpec wanted)
    {
        _wanted = wanted;
        try
        {
            Apply(wanted);
            _problem = null;
        }
        catch (XdpException e)
        {
            _problem = e.Message;
        }
    }

    /// <summary>Tries again what failed; true when it is in force now.</summary>
    public bool Retry()
    {
        if (_problem is null || _wanted is null) return false;
        TryApply(_wanted);
        return _problem is null;
    }

    /// <summary>Brings the maps up to date. Addresses go first, so that no frontend is known before its address is.</summary>
    /// <exception cref="XdpException">
    /// Something did not fit (E2BIG, ENOMEM): the message names it, and all the rest is in force. Or the kernel refused otherwise; the next call continues.
    /// </exception>
    public void Apply(UplinkSteeringSpec wanted)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        XdpException?[] addresses = [_v4.ApplyAddresses(wanted.Addresses), _v6.ApplyAddresses(wanted.AddressesV6)];
        _v4.ApplyPods(wanted.Pods);
        _v6.ApplyPods(wanted.Pods);
        var devices = ApplyDevices(wanted.Devices);
        Configure(wanted);
        XdpException?[] frontends = [_v4.ApplyFrontends(wanted.Frontends, wanted.Lingering), _v6.ApplyFrontends(wanted.FrontendsV6, wanted.LingeringV6)];
        if (addresses.Append(devices).Concat(frontends).FirstOrDefault(failure => failure is not null) is { } first) throw first;
    }

    private XdpException? ApplyDevices(IReadOnlySet<DeviceAddress> wanted)
    {
        var (left, why) = _devices.Apply(wanted, (DeviceAddress device, out byte value) =>
        {
            value = 1;
            return wanted.Contains(device);
        });
        return left.Count == 0 ? null : new XdpException(
            $"take frames at {left.Count} of {wanted.Count} Ethernet addresses of uplinks", why, $"{string.Join(", ", left.Take(5).Select(device => device.Mac))} did not fit; have fewer devices on the uplinks");
    }

    private void Configure(UplinkSteeringSpec wanted)
    {
        var config = new UplinkConfig(Be16.FromHost(wanted.VxlanPort).Raw, (ushort)(wanted.Pods.Count > 0 ? 1 : 0), wanted.NatPorts?.First ?? 0, wanted.NatPorts?.Last ?? 0, wanted.Vni);
        if (config == _configured) return;
        _config.Update(0u, config);
        _configured = config;
    }

    // struct uplink_config of xdp-progs/uplink.bpf.c; the tunnels' port is in network byte order
    private readonly record struct UplinkConfig(ushort VxlanPort, ushort NativeRouting, ushort NatFirst, ushort NatLast, uint Vni);

    // struct device_address of the same; the index is in host byte order
    private readonly record struct DeviceKey(uint Ifindex, MacAddress Mac, ushort Zero)
    {
        public DeviceKey(DeviceAddress device)
            : this((uint)device.Ifindex, device.Mac, 0)
        {
        }

        public DeviceAddress ToDevice() => new((int)Ifindex, Mac);
    }
}
