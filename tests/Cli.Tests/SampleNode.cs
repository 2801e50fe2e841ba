using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Tests;

/// <summary>A node with a little of everything, in both address families.</summary>
internal static class SampleNode
{
    public static FakeControl Create()
    {
        var control = new FakeControl
        {
            Version = new() { Version_ = "0.1.0", Runtime = ".NET 10.0.0", Kernel = "6.18.0" },
            Config = new()
            {
                Options =
                {
                    new Config.Types.Option { Key = "node-name", Value = "n1", Source = "flag" },
                    new Config.Types.Option { Key = "vni", Value = "1", Source = "default" },
                    new Config.Types.Option { Key = "uplink", Value = "", Source = "default" },
                },
            },
        };
        control.Status = Status(control.Version);
        control.Endpoints.AddRange(Endpoints());
        control.Services.AddRange(Services());
        control.Identities.AddRange(Identities());
        control.Policies.AddRange(Policies());
        control.Ipcache.Add(new() { Cidr = "10.244.1.7/32", Identity = 17, Owner = "default/web-0" });
        control.Ipcache.Add(new() { Cidr = "192.0.2.1/32", Identity = 2 });
        control.Nodes.AddRange(Nodes());
        control.Routes.Add(new() { Destination = "10.244.1.7/32", Kind = "endpoint", Via = "default/web-0", Port = 3 });
        control.Routes.Add(new() { Destination = "10.244.2.0/24", Kind = "overlay", Via = "n2", Port = 1 });
        control.Routes.Add(new() { Destination = "10.244.3.0/24", Kind = "native", Via = "n3", Port = 1, NextHop = "192.168.7.3", NextHopMac = "52:54:00:00:00:03", Mtu = 1500 });
        control.Routes.Add(new() { Destination = "192.168.7.254/32", Kind = "neighbor", Via = "eth1", Port = 1, NextHopMac = "52:54:00:00:00:fe", Mtu = 1500 });
        control.Routes.Add(new() { Destination = "0.0.0.0/0", Kind = "host", Via = "dp-host", Port = 2 });
        control.Ports.AddRange(control.Status.Ports);
        control.Conntrack.AddRange(Conntrack());
        control.Drops.Add(new() { Reason = "VniUnknown", Direction = "none", Description = "VXLAN with another VNI" });
        control.Drops.Add(new() { Reason = "SourceNotOwned", Direction = "egress", Packets = 2, Bytes = 120, Description = "spoofed" });
        control.Drops.Add(new() { Reason = "PolicyDenied", Direction = "ingress", Packets = 40, Bytes = 2960, Description = "no rule allows it" });
        return control;
    }

    private static Status Status(Contracts.V1.Version version) => new()
    {
        NodeName = "n1",
        Version = version,
        Generation = 12,
        SecondsSinceSync = 3.21,
        UptimeSeconds = 3725,
        Ready = true,
        Features =
        {
            new Status.Types.Feature { Name = "tx-metadata", Available = true, Detail = "checksums completed by the kernel" },
            new Status.Types.Feature { Name = "zero-copy", Available = false, Detail = "copy: veth has no zero-copy" },
            new Status.Types.Feature { Name = "uplink", Available = true, Detail = "eth1, MTU 1500, native XDP, attached as SingleProgram" },
            new Status.Types.Feature { Name = "external-interface", Available = true, Detail = "eth2, MTU 9000, generic XDP, attached as SingleProgram" },
            new Status.Types.Feature
            {
                Name = "services", Available = true,
                Detail = "ClusterIP, NodePort 30000-32767, ExternalIP, LoadBalancer, HostPort over TCP, UDP, SCTP; random from outside; masquerade 192.168.7.1 from ports 49152-65535",
            },
        },
        Workers = { new Status.Types.Worker { Id = 0, Cpu = -1, RxPackets = 1000, Batches = 80, Sleeps = 12, BusyNanoseconds = 2_500_000_000 } },
        Frames = new() { Total = 16384, Free = 12288, Fill = 4000, Receive = 0, Transmit = 90, Held = 6, FrameSize = 4096 },
        Tables = new()
        {
            Endpoints = 2, Services = 2, Backends = 3, Policies = 1, Identities = 3, Ipcache = 2, Nodes = 2,
            ConntrackEntries = 131, ConntrackCapacity = 262144, AffinityClients = 120, AffinityCapacity = 65536, UplinkFrontends = 3, UplinkFrontendsCapacity = 65536,
        },
        NatPorts = new() { First = 49152, Last = 65535, MostUsed = 37, Used = 412, Groups = 1024 },
        Ports =
        {
            new PortEntry
            {
                Id = 1, Name = "eth1", Kind = "uplink", Ifindex = 4, Queue = 0, Mtu = 1500, XdpMode = "native", BindMode = "copy",
                TxMetadata = true, MultiBuffer = false, RxPackets = 900, RxBytes = 90000, TxPackets = 800, TxBytes = 80000,
            },
            new PortEntry
            {
                Id = 2, Name = "dp-host", Kind = "host", Ifindex = 6, Mtu = 65535, XdpMode = "generic", BindMode = "copy",
                TxMetadata = true, MultiBuffer = true, RxPackets = 100, RxBytes = 6400, TxErrors = 1,
            },
        },
    };

    private static EndpointEntry[] Endpoints() =>
    [
        new()
        {
            Id = 5, Namespace = "default", Pod = "web-0", Addresses = { "10.244.1.7", "fd00:1::7" }, Mac = "0a:00:00:00:00:07",
            HostInterface = "dp7a", Identity = 17, Policy = 1, IngressIsolated = true,
            Labels = { "k8s:ns/default", "app=web" }, State = "ready", Port = 3,
        },
        new() { Id = 6, Namespace = "default", Pod = "job-x", Addresses = { "10.244.1.8" }, State = "waiting-for-policy" },
    ];

    private static Service[] Services() =>
    [
        new()
        {
            Namespace = "default", Name = "web", PortName = "http", Protocol = Protocol.Tcp,
            Frontends =
            {
                new Frontend { Kind = Frontend.Types.Kind.ClusterIp, Address = "10.96.0.7", Port = 80 },
                new Frontend { Kind = Frontend.Types.Kind.NodePort, Port = 30080 },
            },
            Backends =
            {
                new Backend { Address = "10.244.1.7", Port = 8080, Node = "n1" },
                new Backend { Address = "fd00:2::9", Port = 8080, Node = "n2" },
            },
        },
        new()
        {
            Namespace = "kube-system", Name = "dns", Protocol = Protocol.Udp,
            Frontends = { new Frontend { Kind = Frontend.Types.Kind.ClusterIp, Address = "fd00:96::a", Port = 53 } },
        },
    ];

    private static Identity[] Identities() =>
    [
        new() { Id = 1, Kind = Identity.Types.Kind.Host, Labels = { "reserved:host" } },
        new() { Id = 17, Kind = Identity.Types.Kind.Pod, Labels = { "k8s:ns/default", "app=web" } },
        new() { Id = 18, Kind = Identity.Types.Kind.Cidr, Labels = { "cidr:192.0.2.0/24" } },
    ];

    private static Policy[] Policies() =>
    [
        new()
        {
            Id = 1,
            Ingress = new()
            {
                Isolated = true,
                Rules =
                {
                    new PolicyRule { Identity = 17, Protocol = Protocol.Tcp, FirstPort = 80, LastPort = 80, Origin = "default/allow-web" },
                    new PolicyRule { Protocol = Protocol.Udp, FirstPort = 8000, LastPort = 8100, Origin = "default/range" },
                    new PolicyRule { Identity = 18, Origin = "default/cidr" },
                    new PolicyRule { Identity = 3, Protocol = Protocol.Sctp },
                },
            },
            Egress = new(),
        },
        new() { Id = 2, Egress = new() { Isolated = true } },
    ];

    private static NodeEntry[] Nodes() =>
    [
        new()
        {
            Node = new() { Name = "n1", Addresses = { "192.168.7.1" }, PodCidrs = { "10.244.1.0/24" } }, Local = true, State = "local",
        },
        new()
        {
            Node = new() { Name = "n2", Addresses = { "192.168.7.2" }, PodCidrs = { "10.244.2.0/24", "fd00:2::/64" } },
            VtepMac = "0e:64:c0:a8:07:02", NextHopMac = "52:54:00:00:00:02", State = "overlay",
        },
        new()
        {
            Node = new() { Name = "n3", Addresses = { "192.168.7.3" }, PodCidrs = { "10.244.3.0/24", "fd00:3::/64" } }, State = "mixed",
            PodRoutes =
            {
                new NodeEntry.Types.PodRoute { PodCidr = "10.244.3.0/24", Kind = "native", NextHop = "192.168.7.3", Protocol = "bird" },
                new NodeEntry.Types.PodRoute { PodCidr = "fd00:3::/64", Kind = "overlay" },
            },
        },
    ];

    private static ConntrackEntry[] Conntrack() =>
    [
        new()
        {
            Protocol = Protocol.Tcp, ProtocolNumber = 6, Source = "10.244.1.8", SourcePort = 40312, Destination = "10.96.0.7", DestinationPort = 80,
            ReplySource = "10.244.1.7", ReplySourcePort = 8080, ReplyDestination = "10.244.1.8", ReplyDestinationPort = 40312,
            State = "ESTABLISHED", ExpiresSeconds = 86390, Packets = 6, Bytes = 480, ReplyPackets = 5, ReplyBytes = 9000,
            SourceIdentity = 16, DestinationIdentity = 17, Revision = 3,
        },
        new()
        {
            Protocol = Protocol.Icmp, ProtocolNumber = 58, Source = "fd00:1::7", SourcePort = 77, Destination = "fd00:2::9", DestinationPort = 77,
            ReplySource = "fd00:2::9", ReplySourcePort = 77, ReplyDestination = "fd00:1::7", ReplyDestinationPort = 77, State = "NEW", ExpiresSeconds = 29, Packets = 1, Bytes = 118,
            SourceIdentity = 17, DestinationIdentity = 18, Revision = 3,
        },
    ];
}
