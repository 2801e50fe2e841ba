using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Stages;
using Dataplane.Tables;

namespace Dataplane.Testing.Packets;

/// <summary>
/// A node as control would describe it, written by hand: pods, a host port, remote nodes, services and policies. Tests change what
/// they are about and <see cref="Build"/> the tables.
/// </summary>
public sealed class SampleNode
{
    /// <summary>Port numbers. The last has no endpoint: its pod is not known.</summary>
    public const ushort HostPort = 1, PodAPort = 2, PodBPort = 3, GuardedPort = 4, StartingPort = 5, UplinkPort = 9, UnknownPort = 12;

    public const uint Vni = 1;
    public const ushort VxlanPort = 4789;

    /// <summary>MTU of inner packets on the way to <see cref="RemoteNode"/>.</summary>
    public const int PathMtu = 1450;

    /// <summary>Identities of pods, and of the prefix 198.51.100.0/24 of the world.</summary>
    public const uint PodAIdentity = 100, PodBIdentity = 101, GuardedIdentity = 102, RemotePodIdentity = 200, PartnerIdentity = 300;

    /// <summary>Policies: no isolation; both directions isolated, with the rules of <see cref="Guard"/>.</summary>
    public const int OpenPolicy = 0, GuardPolicy = 1;

    /// <summary>What <see cref="Routes"/> lead to.</summary>
    public const int WorldRoute = 0, NoRoute = 1, HostRoute = 2, RemoteRoute = 3, LostRoute = 4, RemoteNodeRoute = 5;

    /// <summary>Pods of this node. <see cref="Guarded"/> has a policy; <see cref="Starting"/> waits for one.</summary>
    public static readonly IPv4Address PodA = new(10, 244, 1, 10), PodB = new(10, 244, 1, 11), Guarded = new(10, 244, 1, 12), Starting = new(10, 244, 1, 13);

    /// <summary>An address of this node's pod range that no pod has.</summary>
    public static readonly IPv4Address NoPod = new(10, 244, 1, 99);

    /// <summary>This node: the pods' gateway, and its address on the underlay.</summary>
    public static readonly IPv4Address Gateway = new(10, 244, 1, 1), NodeAddress = new(192, 168, 0, 1);

    /// <summary>Stands for this node towards its own stack.</summary>
    public static readonly IPv4Address HostPeer = new(169, 254, 77, 1);

    /// <summary>Another node, its host port and a pod there; and a node whose Ethernet address is not known, and a pod there.</summary>
    public static readonly IPv4Address RemoteNode = new(192, 168, 0, 2), RemoteGateway = new(10, 244, 2, 1), RemotePod = new(10, 244, 2, 20), LostNode = new(192, 168, 0, 3), LostPod = new(10, 244, 3, 30);

    /// <summary>An address of nobody's, and one in a prefix that a policy names.</summary>
    public static readonly IPv4Address World = new(203, 0, 113, 7), Partner = new(198, 51, 100, 9);

    /// <summary>Services by their backends: <see cref="PodB"/>:8080; the same by UDP, port 53 to 5353; <see cref="RemotePod"/>:8080;
    /// <see cref="PodA"/>:8080; <see cref="Guarded"/>:8080; all of the first three; none; one of SCTP. The last one is allocated to no service.</summary>
    public static readonly IPv4Address WebService = new(10, 96, 0, 10), DnsService = new(10, 96, 0, 53), RemoteService = new(10, 96, 0, 20), SelfService = new(10, 96, 0, 30), GuardedService = new(10, 96, 0, 40), ManyService = new(10, 96, 0, 60), EmptyService = new(10, 96, 0, 50), SctpService = new(10, 96, 0, 70), NoService = new(10, 96, 9, 9);

    public static readonly MacAddress GatewayMac = Mac("0e:64:0a:f4:01:01"), HostMac = Mac("0e:65:0a:f4:01:01"), UplinkMac = Mac("52:54:00:00:00:01"), NextHopMac = Mac("52:54:00:00:00:fe"), VtepMac = Mac("0e:64:c0:a8:00:01"), RemoteVtepMac = Mac("0e:64:c0:a8:00:02");

    /// <summary>Stamped into flows; raise it to have them judged anew.</summary>
    public uint Revision { get; set; } = 1;

    public int Mtu { get; set; } = PathMtu;

    /// <summary>MTU of inner packets to <see cref="World"/>.</summary>
    public ushort WorldMtu { get; set; } = ushort.MaxValue;

    /// <summary>0 takes the host port away.</summary>
    public ushort Host { get; set; } = HostPort;

    public List<Endpoint<IPv4Address>> Endpoints { get; } =
    [
        Pod(PodA, PodAPort, PodAIdentity, OpenPolicy), Pod(PodB, PodBPort, PodBIdentity, OpenPolicy),
        Pod(Guarded, GuardedPort, GuardedIdentity, GuardPolicy), Pod(Starting, StartingPort, 0, -1),
    ];

    /// <summary>Policies by index: <see cref="OpenPolicy"/>, <see cref="GuardPolicy"/>.</summary>
    public List<PolicyDefinition> Policies { get; } = [new(false, [], false, []), Guard];

    /// <summary>
    /// In: TCP 8080 from <see cref="PodA"/>, UDP 1000-2000 from <see cref="RemotePod"/>, all from 198.51.100.0/24.
    /// Out: TCP 8080 to <see cref="PodB"/>, UDP 53 to all.
    /// </summary>
    public static PolicyDefinition Guard { get; } = new(
        true, [new(PodAIdentity, IpProtocol.Tcp, 8080, 8080), new(RemotePodIdentity, IpProtocol.Udp, 1000, 2000), new(PartnerIdentity, 0, 0, 0)],
        true, [new(PodBIdentity, IpProtocol.Tcp, 8080, 8080), new(0, IpProtocol.Udp, 53, 53)]);

    /// <summary>Services that are looked up, with their backends.</summary>
    public Dictionary<(IPv4Address Address, byte Protocol, ushort Port), Backend<IPv4Address>[]> Services { get; } = new()
    {
        [(WebService, IpProtocol.Tcp, 80)] = [At(PodB, 8080)],
        [(DnsService, IpProtocol.Udp, 53)] = [At(PodB, 5353)],
        [(RemoteService, IpProtocol.Tcp, 80)] = [At(RemotePod, 8080)],
        [(RemoteService, IpProtocol.Udp, 80)] = [At(RemotePod, 8080)],
        [(SelfService, IpProtocol.Tcp, 80)] = [At(PodA, 8080)],
        [(GuardedService, IpProtocol.Tcp, 80)] = [At(Guarded, 8080)],
        [(ManyService, IpProtocol.Tcp, 80)] = [At(PodA, 8080), At(PodB, 8080), At(RemotePod, 8080)],
        [(EmptyService, IpProtocol.Tcp, 80)] = [],
        [(SctpService, IpProtocol.Sctp, 80)] = [At(PodB, 8080)],
    };

    /// <summary>Further frontends, with the services behind them.</summary>
    public List<Frontend<IPv4Address>> Frontends { get; } = [];

    /// <summary>The way out of the cluster; by the host port unless a test says otherwise.</summary>
    public UnderlayTable<IPv4Address> Underlay { get; set; } = UnderlayTable<IPv4Address>.Empty;

    /// <summary>A way out of the cluster by <see cref="Router"/> for everything.</summary>
    public static UnderlayTable<IPv4Address> ByRouter { get; } = new([new(default, 0, 1)], [Router]);

    /// <summary>The next hop of <see cref="ByRouter"/>.</summary>
    public static Neighbor Router => new() { Port = UplinkPort, Mac = NextHopMac, Source = UplinkMac, Mtu = 1500 };

    /// <summary>See <see cref="NodeSettings"/>.</summary>
    public bool Masquerade { get; set; }

    /// <summary>See <see cref="NodeSettings"/>.</summary>
    public bool MasqueradeAll { get; set; }

    /// <summary>Outside destinations that are not masqueraded.</summary>
    public List<PrefixEntry<IPv4Address>> Unmasqueraded { get; } = [];

    /// <summary>Prefixes and where they lead.</summary>
    public List<(IPv4Address Address, int Length, int Route)> Routes { get; } =
    [
        (default, 0, WorldRoute), (new(10, 244, 1, 0), 24, NoRoute), (Gateway, 32, HostRoute), (NodeAddress, 32, HostRoute), (new(10, 96, 0, 0), 16, NoRoute),
        (HostPeer, 32, HostRoute),
        (new(10, 244, 2, 0), 24, RemoteRoute), (RemoteNode, 32, RemoteNodeRoute), (new(10, 244, 3, 0), 24, LostRoute), (LostNode, 32, LostRoute),
    ];

    /// <summary>Tables as the packet path reads them.</summary>
    public DataplaneTables Build() => new()
    {
        Generation = 1,
        Revision = Revision,
        Node = new NodeSettings { HostPort = Host, WorldMtu = WorldMtu, Masquerade = Masquerade, MasqueradeAll = MasqueradeAll, HostMac = HostMac, GatewayMac = GatewayMac, TunnelAddress = NodeAddress, Vni = Vni, VxlanPort = VxlanPort },
        Policies = new PolicyTable(Policies),
        Vteps = new VtepTable([Tunnel(RemoteNode, RemoteVtepMac, true), Tunnel(LostNode, Mac("0e:64:c0:a8:00:03"), false)]),
        IPv4 = new FamilyTables<IPv4Address>
        {
            Endpoints = new EndpointTable<IPv4Address>([.. Endpoints]),
            Services = BuildServices(),
            Routes = new RouteTable<IPv4Address>(
                [.. Routes.ConvertAll(r => new PrefixEntry<IPv4Address>(r.Address, r.Length, r.Route))],
                [new(RouteKind.World, 0), new(RouteKind.Unreachable, 0), new(RouteKind.Host, 0), new(RouteKind.Overlay, 0), new(RouteKind.Overlay, 1), new(RouteKind.Overlay, 0, IsNode: true)]),
            Identities = new IpCache<IPv4Address>(
            [
                new(NodeAddress, 32, (int)Identities.Host), new(Gateway, 32, (int)Identities.Host), new(RemoteNode, 32, (int)Identities.RemoteNode),
                new(RemoteGateway, 32, (int)Identities.RemoteNode), new(RemotePod, 32, (int)RemotePodIdentity), new(new(198, 51, 100, 0), 24, (int)PartnerIdentity),
            ]),
            Gateway = Gateway,
            HostPeer = HostPeer,
            NodeAddress = NodeAddress,
            Underlay = Underlay,
            Unmasqueraded = new PrefixTable<IPv4Address>(Unmasqueraded),
        },
    };

    /// <summary>A backend.</summary>
    public static Backend<IPv4Address> At(IPv4Address address, ushort port) => new(address, Be16.FromHost(port));

    /// <summary>Endpoints of a service, in any order.</summary>
    public static BackendSet<IPv4Address> Set(params Backend<IPv4Address>[] backends) => new([.. backends.Order()]);

    /// <summary>A local pod.</summary>
    public static Endpoint<IPv4Address> Pod(IPv4Address address, ushort port, uint identity, int policy) => new(address, port, MacOf(address), identity, policy);

    /// <summary>The Ethernet address of a pod; of anything else, one made in the same way.</summary>
    public static MacAddress MacOf(IPv4Address address)
    {
        Span<byte> bytes = [0x0a, 0x58, 0, 0, 0, 0];
        address.CopyTo(bytes[2..]);
        return new MacAddress(bytes);
    }

    private static MacAddress Mac(string text) => MacAddress.TryParse(text, out var mac) ? mac : throw new FormatException(text);

    private ServiceTable<IPv4Address> BuildServices()
    {
        uint id = 0;
        List<Frontend<IPv4Address>> frontends = [.. Frontends];
        foreach (var (frontend, own) in Services)
            frontends.Add(new(frontend.Address, frontend.Protocol, frontend.Port, FrontendKind.ClusterIp, new Service<IPv4Address> { Id = ++id, Cluster = Set(own), Local = Set() }));
        var index = FrontendIndex<IPv4Address>.Build(frontends, out var clash) ?? throw new InvalidOperationException($"two services at {clash.Address}:{clash.Port}");
        return new ServiceTable<IPv4Address>(
            index, new AddressMap<IPv4Address>([new(NodeAddress, (int)NodeAddressKind.Local), new(RemoteNode, (int)NodeAddressKind.Remote)]), new PrefixTable<IPv4Address>([new(new(10, 96, 0, 0), 16, 0)]));
    }

    private Vtep Tunnel(IPv4Address remote, MacAddress inner, bool resolved) => new()
    {
        Remote = remote, Node = remote.ToString(), Port = UplinkPort, Mtu = Mtu, Resolved = resolved,
        Header = VxlanEncap.BuildHeader(NextHopMac, UplinkMac, NodeAddress, remote, Vni, VxlanPort, inner, VtepMac),
    };
}
