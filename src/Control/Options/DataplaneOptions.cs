using System.Net;
using Dataplane.Conntrack;
using Dataplane.Contracts.V1;
using Microsoft.Extensions.Logging;

namespace Dataplane.Control.Options;

/// <summary>
/// The validated options of <c>dataplane run</c>. Their names, units, defaults and meaning are in <see cref="OptionTable"/>, which
/// docs/configuration.md repeats. Never changes after <see cref="OptionLoader"/> has made it.
/// </summary>
public sealed class DataplaneOptions
{
    internal DataplaneOptions()
    {
    }

    /// <summary>node-name.</summary>
    public string NodeName { get; internal set; } = "";

    /// <summary>node-ip.</summary>
    public AddressPair NodeIp { get; internal set; } = new(IPAddress.None, null);

    /// <summary>uplink: an interface name, or null for "none". "auto" was resolved when the options were loaded.</summary>
    public string? Uplink { get; internal set; }

    /// <summary>pod-cidr.</summary>
    public NetworkPair PodCidr { get; internal set; } = new(default, null);

    /// <summary>service-cidr.</summary>
    public NetworkPair ServiceCidr { get; internal set; } = new(default, null);

    /// <summary>cluster-cidr.</summary>
    public NetworkPair ClusterCidr { get; internal set; } = new(default, null);

    /// <summary>routing.</summary>
    public RoutingMode Routing { get; internal set; }

    /// <summary>vni, 0..16777215.</summary>
    public uint Vni { get; internal set; }

    /// <summary>vxlan-port.</summary>
    public ushort VxlanPort { get; internal set; }

    /// <summary>UDP port of tunnels; 0 where there are none.</summary>
    public ushort TunnelPort => Routing == RoutingMode.Native ? (ushort)0 : VxlanPort;

    /// <summary>pod-mtu, bytes; 0: derive it from the uplink.</summary>
    public int PodMtu { get; internal set; }

    /// <summary>host-port: name of the host stack's end of the pair; the other end is named with "-x" behind it.</summary>
    public string HostPort { get; internal set; } = "";

    /// <summary>uplink-xdp-mode.</summary>
    public UplinkXdpMode UplinkXdpMode { get; internal set; }

    /// <summary>external-interfaces.</summary>
    public IReadOnlyList<string> ExternalInterfaces { get; internal set; } = [];

    /// <summary>node-port-addresses.</summary>
    public NodePortAddresses NodePortAddresses { get; internal set; } = new(false, []);

    /// <summary>node-port-range.</summary>
    public (ushort First, ushort Last) NodePortRange { get; internal set; }

    /// <summary>nat-ports.</summary>
    public (ushort First, ushort Last) NatPorts { get; internal set; }

    /// <summary>masquerade.</summary>
    public bool Masquerade { get; internal set; }

    /// <summary>non-masquerade-cidrs.</summary>
    public IReadOnlyList<IPNetwork> NonMasqueradeCidrs { get; internal set; } = [];

    /// <summary>masquerade-all.</summary>
    public bool MasqueradeAll { get; internal set; }

    /// <summary>load-balancing is "maglev".</summary>
    public bool Maglev { get; internal set; }

    /// <summary>maglev-table-size, slots.</summary>
    public int MaglevTableSize { get; internal set; }

    /// <summary>affinity-entries.</summary>
    public int AffinityEntries { get; internal set; }

    /// <summary>workers, threads; 0: choose by <see cref="WorkerCpus"/> or the number of CPUs.</summary>
    public int Workers { get; internal set; }

    /// <summary>worker-cpus: worker i runs on entry i, and there are no fewer than workers; empty: not pinned.</summary>
    public IReadOnlyList<int> WorkerCpus { get; internal set; } = [];

    /// <summary>spin-microseconds.</summary>
    public int SpinMicroseconds { get; internal set; }

    /// <summary>umem-frames, frames of 4096 bytes.</summary>
    public int UmemFrames { get; internal set; }

    /// <summary>fill-ring-size, entries.</summary>
    public int FillRingSize { get; internal set; }

    /// <summary>completion-ring-size, entries.</summary>
    public int CompletionRingSize { get; internal set; }

    /// <summary>rx-ring-size, entries.</summary>
    public int RxRingSize { get; internal set; }

    /// <summary>tx-ring-size, entries.</summary>
    public int TxRingSize { get; internal set; }

    /// <summary>conntrack-entries.</summary>
    public int ConntrackEntries { get; internal set; }

    /// <summary>conntrack-timeouts.</summary>
    public ConntrackTimeouts ConntrackTimeouts { get; internal set; } = new();

    /// <summary>control: path of the socket, without "unix://".</summary>
    public string ControlSocketPath { get; internal set; } = "";

    /// <summary>max-message-bytes.</summary>
    public int MaxMessageBytes { get; internal set; }

    /// <summary>metrics-listen; null for "off".</summary>
    public IPEndPoint? MetricsListen { get; internal set; }

    /// <summary>state-dir.</summary>
    public string StateDirectory { get; internal set; } = "";

    /// <summary>log-level.</summary>
    public LogLevel LogLevel { get; internal set; }

    /// <summary>True when the cluster has IPv6 beside IPv4.</summary>
    public bool DualStack => PodCidr.IPv6 is not null;

    /// <summary>First addresses of <see cref="PodCidr"/>: the node's addresses among the pods, and their gateways.</summary>
    public AddressPair HostPortAddress => new(First(PodCidr.IPv4), PodCidr.IPv6 is { } v6 ? First(v6) : null);

    /// <summary>Every option with its text and source, in the order of docs/configuration.md.</summary>
    public IReadOnlyList<OptionSetting> Settings { get; internal set; } = [];

    private static IPAddress First(IPNetwork network)
    {
        byte[] bytes = network.BaseAddress.GetAddressBytes();
        bytes[^1] |= 1;
        return new IPAddress(bytes);
    }

    /// <summary>The answer to GetConfig.</summary>
    public Config ToConfig()
    {
        var config = new Config();
        foreach (var (key, value, source) in Settings)
        {
            string name = source switch { OptionSource.Flag => "flag", OptionSource.File => "file", _ => "default" };
            config.Options.Add(new Config.Types.Option { Key = key, Value = value, Source = name });
        }
        return config;
    }
}
