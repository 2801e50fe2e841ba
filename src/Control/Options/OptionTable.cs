using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace Dataplane.Control.Options;

/// <summary>All options, in the order of docs/configuration.md.</summary>
internal static class OptionTable
{
    private const int MaxVni = (1 << 24) - 1; // RFC 7348: 24 bits

    public static readonly ImmutableArray<OptionDefinition> All =
    [
        new("node-name", "name", "auto", "Name of this node's Node object; auto: the host name.", "worker-1",
            (o, v) => o.NodeName = v == "auto" ? OptionText.NodeName(Environment.MachineName.ToLowerInvariant()) : OptionText.NodeName(v)),
        new("node-ip", "addresses", null, "This node's IPv4 address towards the other nodes, the tunnel's end point; in dual-stack clusters its IPv6 address as well.", "192.168.1.10",
            (o, v) => o.NodeIp = OptionText.Addresses(v)),
        new("uplink", "interface", "auto", "Interface towards the other nodes; auto: the one that has node-ip; none: a cluster of this node alone.", "eth0",
            (o, v) => o.Uplink = v switch { "none" => null, "auto" => v, _ => OptionText.InterfaceName(v) }),
        new("pod-cidr", "prefixes", null, "This node's pods, one prefix for each family; the first address becomes the node's own among them, and their gateway.", "10.244.1.0/24",
            (o, v) => o.PodCidr = OptionText.Cidrs(v, unusedBits: 2)),
        new("service-cidr", "prefixes", "10.96.0.0/12", "ClusterIPs of services, as given to kube-apiserver.", "10.96.0.0/12",
            (o, v) => o.ServiceCidr = OptionText.Cidrs(v)),
        new("cluster-cidr", "prefixes", "10.244.0.0/16", "Pods of all nodes, as given to kube-controller-manager; it contains pod-cidr.", "10.244.0.0/16",
            (o, v) => o.ClusterCidr = OptionText.Cidrs(v, unusedBits: 2)),
        new("routing", "vxlan", "vxlan", "How packets reach the pods of other nodes.", "vxlan",
            (o, v) => o.Routing = ReadRouting(v)),
        new("vni", "number", "1", "VXLAN network identifier, the same on all nodes. Tunnels of other networks at the same port are left to the kernel.", "1",
            (o, v) => o.Vni = (uint)OptionText.Integer(v, 0, MaxVni, "a number")),
        new("vxlan-port", "UDP port", "4789", "Destination port of VXLAN packets, the same on all nodes.", "4789",
            (o, v) => o.VxlanPort = (ushort)OptionText.Integer(v, 1, ushort.MaxValue, "a port")),
        new("pod-mtu", "bytes", "auto", "MTU of the pods' routes; auto: the uplink's MTU less 50 bytes of VXLAN headers.", "1450",
            (o, v) => o.PodMtu = OptionText.IntegerOrAuto(v, 576, 65535, "a size in bytes")),
        new("host-port", "interface", "dp-host", "Name given to the interface that joins the node's own stack to the pods.", "dp-host",
            (o, v) => o.HostPort = OptionText.InterfaceName(v, suffixLength: 2)),
        new("uplink-xdp-mode", "auto, native, generic", "auto", "Where the uplink's XDP program runs; auto: in the driver where it can, else in the stack.", "auto",
            (o, v) => o.UplinkXdpMode = OptionText.Choice(v, ("auto", UplinkXdpMode.Auto), ("native", UplinkXdpMode.Native), ("generic", UplinkXdpMode.Generic))),
        new("external-interfaces", "interfaces", "none", "Further interfaces at which services are reached from outside, and by which pods leave the cluster.", "eth1,eth2",
            (o, v) => o.ExternalInterfaces = v == "none" ? [] : OptionText.List(v, name => OptionText.InterfaceName(name))),
        new("node-port-addresses", "all, primary, prefixes", "all", "Addresses of this node at which node ports are served; primary: node-ip.", "192.168.1.0/24",
            (o, v) => o.NodePortAddresses = v switch { "all" => new(false, []), "primary" => new(true, []), _ => new(false, OptionText.List(v, cidr => OptionText.Cidr(cidr))) }),
        new("node-port-range", "ports", "30000-32767", "Where the API server allocates node ports; the node's own processes are kept from it.", "30000-32767",
            (o, v) => o.NodePortRange = OptionText.PortRange(v)),
        new("nat-ports", "ports", "49152-65535", "Source ports of masqueraded connections; the node's own processes are kept from them.", "49152-65535",
            (o, v) => o.NatPorts = OptionText.PortRange(v, multipleOf: 64)),
        new("masquerade", "true, false", "true", "Whether what pods send out of the cluster gets node-ip as its source.", "true",
            (o, v) => o.Masquerade = OptionText.Choice(v, ("true", true), ("false", false))),
        new("non-masquerade-cidrs", "prefixes", "none", "Destinations outside of the cluster that see the pods' own addresses.", "192.168.0.0/16",
            (o, v) => o.NonMasqueradeCidrs = v == "none" ? [] : OptionText.List(v, cidr => OptionText.Cidr(cidr))),
        new("masquerade-all", "true, false", "false", "Whether all that is sent to services is masqueraded.", "false",
            (o, v) => o.MasqueradeAll = OptionText.Choice(v, ("true", true), ("false", false))),
        new("load-balancing", "random, maglev", "random", "How an endpoint is chosen for a client outside of the cluster; maglev: alike on every node.", "random",
            (o, v) => o.Maglev = OptionText.Choice(v, ("random", false), ("maglev", true))),
        new("maglev-table-size", "slots, a prime", "16381", "Slots of a service's Maglev table; a hundred for each endpoint keep shares within one percent.", "16381",
            (o, v) => o.MaglevTableSize = OptionText.Prime(v, 251, 131071)),
        new("affinity-entries", "clients", "65536", "Clients of services with session affinity that are remembered at once.", "65536",
            (o, v) => o.AffinityEntries = OptionText.PowerOfTwo(v, 1024, 1 << 22)),
        new("workers", "threads", "auto", "Packet threads; auto: one for every two CPUs, at least one.", "2",
            (o, v) => o.Workers = OptionText.IntegerOrAuto(v, 1, 64, "a number")),
        new("worker-cpus", "CPU list", "any", "CPUs that the workers are pinned to, in order; any: not pinned.", "0,2-3",
            (o, v) => o.WorkerCpus = OptionText.CpuList(v)),
        new("spin-microseconds", "microseconds", "20", "How long an idle worker polls before it sleeps; more costs CPU, less costs latency.", "20",
            (o, v) => o.SpinMicroseconds = OptionText.Integer(v, 0, 1_000_000, "a time in microseconds")),
        new("umem-frames", "frames of 4096 bytes", "32768", "Memory for frames, shared by all ports; locked in RAM.", "32768",
            (o, v) => o.UmemFrames = OptionText.PowerOfTwo(v, 1024, 1 << 22)),
        new("fill-ring-size", "entries", "8192", "Frames that the kernel may hold ready to receive into, per port; a quiet port has fewer.", "8192",
            (o, v) => o.FillRingSize = OptionText.PowerOfTwo(v, 64, 1 << 16)),
        new("completion-ring-size", "entries", "4096", "Sent frames that wait to be taken back, per port.", "4096",
            (o, v) => o.CompletionRingSize = OptionText.PowerOfTwo(v, 64, 1 << 16)),
        new("rx-ring-size", "entries", "8192", "Received frames that wait for the worker, per port.", "8192",
            (o, v) => o.RxRingSize = OptionText.PowerOfTwo(v, 64, 1 << 16)),
        new("tx-ring-size", "entries", "4096", "Frames that wait for the kernel to send them, per port.", "4096",
            (o, v) => o.TxRingSize = OptionText.PowerOfTwo(v, 64, 1 << 16)),
        new("conntrack-entries", "connections", "auto", "Connections that can be tracked at once; auto: 32768 for each CPU, at least 262144, at most 1048576.", "262144",
            (o, v) => o.ConntrackEntries = v == "auto" ? OptionText.ConntrackEntries(Environment.ProcessorCount) : OptionText.PowerOfTwo(v, 1024, 1 << 23)),
        new("conntrack-timeouts", "name=seconds", "default", "Seconds without a packet after which connections are forgotten, where they are to differ from the table in docs/services.md.", "tcp-established=3600,udp=60",
            (o, v) => o.ConntrackTimeouts = OptionText.ConntrackTimeouts(v)),
        new("control", "unix:///path", "unix:///run/dataplane/control.sock", "Where the control service listens, with mode 0600.", "unix:///run/dataplane/control.sock",
            (o, v) => o.ControlSocketPath = OptionText.SocketPath(v)),
        new("max-message-bytes", "bytes", "67108864", "Largest request that the control service reads.", "67108864",
            (o, v) => o.MaxMessageBytes = OptionText.Integer(v, 1024 * 1024, 1 << 30, "a size in bytes")),
        new("metrics-listen", "address:port", "0.0.0.0:9962", "Where /metrics, /healthz and /readyz are served; off: nowhere.", "0.0.0.0:9962",
            (o, v) => o.MetricsListen = OptionText.Listen(v)),
        new("state-dir", "directory", "/run/dataplane", "What must outlive the process but not a reboot.", "/run/dataplane",
            (o, v) => o.StateDirectory = OptionText.Directory(v)),
        new("log-level", "debug, info, warning, error", "info", "Least severe messages that are written to standard error.", "info",
            (o, v) => o.LogLevel = OptionText.Choice(
                v, ("debug", LogLevel.Debug), ("info", LogLevel.Information), ("warning", LogLevel.Warning), ("error", LogLevel.Error))),
    ];

    private static RoutingMode ReadRouting(string text) => text switch
    {
        "vxlan" => RoutingMode.Vxlan,
        "native" or "auto" => throw new FormatException("not supported yet; write vxlan"),
        _ => throw new FormatException("write vxlan"),
    };
}
