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
public class SampleNodeOf<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    /// <summary>Port numbers. The last has no endpoint: its pod is not known.</summary>
    public const ushort HostPort = 1, PodAPort = 2, PodBPort = 3, GuardedPort = 4, StartingPort = 5, UplinkPort = 9, UnknownPort = 12;

    public const uint Vni = 1;
    public const ushort VxlanPort = 4789;

    /// <summary>MTU of inner packets on the way to <see cref="RemoteNode"/>.</summary>
    public const int PathMtu = 1450;

    /// <summary>Identities of pods, and of a prefix of the world.</summary>
    public const uint PodAIdentity = 100, PodBIdentity = 101, GuardedIdentity = 102, RemotePodIdentity = 200, PartnerIdentity = 300;

    /// <summary>Prefix lengths: one address, the pods of a node, all services, those whom <see cref="Partner"/> is one of.</summary>
    public static readonly int Single = Family<TAddress>.Either(32, 128), PodRange = Family<TAddress>.Either(24, 64), ServiceRange = Family<TAddress>.Either(16, 112), Partners = Family<TAddress>.Either(24, 64);

    /// <summary>Policies: no isolation; both directions isolated, with the rules of <see cref="Guard"/>.</summary>
    public const int OpenPolicy = 0, GuardPolicy = 1;

    /// <summary>What <see cref="Routes"/> lead to.</summary>
    public const int WorldRoute = 0, NoRoute = 1, HostRoute = 2, RemoteRoute = 3, LostRoute = 4, RemoteNodeRoute = 5;

    /// <summary>Pods of this node. <see cref="Guarded"/> has a policy; <see cref="Starting"/> waits for one.</summary>
    public static readonly TAddress PodA = Either("10.244.1.10", "fd00:10:244:1::a"), PodB = Either("10.244.1.11", "fd00:10:244:1::b"),
        Guarded = Either("10.244.1.12", "fd00:10:244:1::c"), Starting = Either("10.244.1.13", "fd00:10:244:1::d");

    /// <summary>An address of this node's pod range that no pod has.</summary>
    public static readonly TAddress NoPod = Either("10.244.1.99", "fd00:10:244:1::63");

    /// <summary>This node: the pods' gateway, and its address on the underlay.</summary>
    public static readonly TAddress Gateway = Either("10.244.1.1", "fd00:10:244:1::1"), NodeAddress = Either("192.168.0.1", "2001:db8:0:77::1");

    /// <summary>Stands for this node towards its own stack.</summary>
    public static readonly TAddress HostPeer = Either("169.254.77.1", "fd00:169:254:77::1");

    /// <summary>Another node, its host port and a pod there; and a node whose Ethernet address is not known, and a pod there.</summary>
    public static readonly TAddress RemoteNode = Either("192.168.0.2", "2001:db8:0:77::2"), RemoteGateway = Either("10.244.2.1", "fd00:10:244:2::1"),
        RemotePod = Either("10.244.2.20", "fd00:10:244:2::14"), LostNode = Either("192.168.0.3", "2001:db8:0:77::3"), LostPod = Either("10.244.3.30", "fd00:10:244:3::1e");

    /// <summary>An address of nobody's, and one in a prefix that a policy names.</summary>
    public static readonly TAddress World = Either("203.0.113.7", "2001:db8:cb00:71::7"), Partner = Either("198.51.100.9", "2001:db8:c633:64::9");

    /// <summary>Services by their backends: <see cref="PodB"/>:8080; the same by UDP, port 53 to 5353; <see cref="RemotePod"/>:8080;
    /// <see cref="PodA"/>:8080; <see cref="Guarded"/>:8080; all of the first three; none; one of SCTP. The last one is allocated to no service.</summary>
    public static readonly TAddress WebService = Either("10.96.0.10", "fd00:10:96::10"), DnsService = Either("10.96.0.53", "fd00:10:96::53"), RemoteService = Either("10.96.0.20", "fd00:10:96::20"),
        SelfService = Either("10.96.0.30", "fd00:10:96::30"), GuardedService = Either("10.96.0.40", "fd00:10:96::40"), ManyService = Either("10.96.0.60", "fd00:10:96::60"),
        EmptyService = Either("10.96.0.50", "fd00:10:96::50"), SctpService = Either("10.96.0.70", "fd00:10:96::70"), NoService = Either("10.96.9.9", "fd00:10:96::909");

    public static readonly MacAddress GatewayMac = Mac("0e:64:0a:f4:01:01"), HostMac = Mac("0e:65:0a:f4:01:01"), UplinkMac = Mac("52:54:00:00:00:01"), NextHopMac = Mac("52:54:00:00:00:fe"), VtepMac = Mac("0e:64:c0:a8:00:01"), RemoteVtepMac = Mac("0e:64:c0:a8:00:02");

    /// <summary>Stamped into flows; raise it to have them judged anew.</summary>
    public uint Revision { get; set; } = 1;

    public int Mtu { get; set; } = PathMtu;

    /// <summary>MTU of inner packets to <see cref="World"/>.</summary>
    public ushort WorldMtu { get; set; } = ushort.MaxValue;

    /// <summary>0 takes the host port away.</summary>
    public ushort Host { get; set; } = HostPort;

    /// <summary>Port towards other nodes.</summary>
    public ushort Uplink { get; set; } = UplinkPort;

    public List<Endpoint<TAddress>> Endpoints { get; } =
    [
        Pod(PodA, PodAPort, PodAIdentity, OpenPolicy), Pod(PodB, PodBPort, PodBIdentity, OpenPolicy),
        Pod(Guarded, GuardedPort, GuardedIdentity, GuardPolicy), Pod(Starting, StartingPort, 0, -1),
    ];

    /// <summary>Policies by index: <see cref="OpenPolicy"/>, <see cref="GuardPolicy"/>.</summary>
    public List<PolicyDefinition> Policies { get; } = [new(false, [], false, []), Guard];

    /// <summary>
    /// In: TCP 8080 from <see cref="PodA"/>, UDP 1000-2000 from <see cref="RemotePod"/>, all from the prefix of <see cref="Partner"/>.
    /// Out: TCP 8080 to <see cref="PodB"/>, UDP 53 to all.
    /// </summary>
    public static PolicyDefinition Guard { get; } = new(
        true, [new(PodAIdentity, IpProtocol.Tcp, 8080, 8080), new(RemotePodIdentity, IpProtocol.Udp, 1000, 2000), new(PartnerIdentity, 0, 0, 0)],
        true, [new(PodBIdentity, IpProtocol.Tcp, 8080, 8080), new(0, IpProtocol.Udp, 53, 53)]);

    /// <summary>Services that are looked up, with their backends.</summary>
    public Dictionary<(TAddress Address, byte Protocol, ushort Port), Backend<TAddress>[]> Services { get; } = new()
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
    public List<Frontend<TAddress>> Frontends { get; } = [];

    /// <summary>The way out of the cluster; by the host port unless a test says otherwise.</summary>
    public UnderlayTable<TAddress> Underlay { get; set; } = UnderlayTable<TAddress>.Empty;

    /// <summary>A way out of the cluster by <see cref="Router"/> for everything.</summary>
    public static UnderlayTable<TAddress> ByRouter { get; } = new([new(default, 0, 1)], [Router]);

    /// <summary>The next hop of <see cref="ByRouter"/>.</summary>
    public static Neighbor Router => new() { Port = UplinkPort, Mac = NextHopMac, Source = UplinkMac, Mtu = 1500 };

    /// <summary>See <see cref="NodeSettings"/>.</summary>
    public bool Masquerade { get; set; }

    /// <summary>See <see cref="NodeSettings"/>.</summary>
    public bool NativeRouting { get; set; }

    /// <summary>How <see cref="RemoteNode"/> and its pods are reached; unreachable are only the pods.</summary>
    public RouteKind RemoteKind { get; set; } = RouteKind.Overlay;

    /// <summary>True when the way to them leaves by a device that is no uplink.</summary>
    public bool RemoteByHost { get; set; }

    /// <summary>See <see cref="NodeSettings"/>.</summary>
    public bool MasqueradeAll { get; set; }

    /// <summary>Outside destinations that are not masqueraded.</summary>
    public List<PrefixEntry<TAddress>> Unmasqueraded { get; } = [];

    /// <summary>Prefixes and where they lead.</summary>
    public List<(TAddress Address, int Length, int Route)> Routes { get; } =
    [
        (default, 0, WorldRoute), (Gateway, PodRange, NoRoute), (Gateway, Single, HostRoute), (NodeAddress, Single, HostRoute), (WebService, ServiceRange, NoRoute),
        (HostPeer, Single, HostRoute),
        (RemotePod, PodRange, RemoteRoute), (RemoteNode, Single, RemoteNodeRoute), (LostPod, PodRange, LostRoute), (LostNode, Single, LostRoute),
    ];

    /// <summary>Of the state; 0 before the first.</summary>
    public ulong Generation { get; init; } = 1;

    /// <summary>Tables as the packet path reads them. Those of IPv4 are always there.</summary>
    public DataplaneTables Build() => BuildFamily() is FamilyTables<IPv6Address> v6 ? Build(new SampleNode().BuildFamily(), v6) : Build((FamilyTables<IPv4Address>)(object)BuildFamily(), null);

    /// <summary>This node with the tables of either family.</summary>
    public DataplaneTables Build(FamilyTables<IPv4Address> v4, FamilyTables<IPv6Address>? v6) => new()
    {
        Generation = Generation,
        Revision = Revision,
        Node = new NodeSettings
        {
            HostPort = Host, WorldMtu = WorldMtu, Masquerade = Masquerade, MasqueradeAll = MasqueradeAll, HostMac = HostMac, GatewayMac = GatewayMac,
            TunnelAddress = SampleNode.NodeAddress, Vni = Vni, VxlanPort = VxlanPort, NativeRouting = NativeRouting,
        },
        Policies = new PolicyTable(Policies),
        Vteps = new VtepTable([Tunnel(SampleNode.RemoteNode, RemoteVtepMac, true), Tunnel(SampleNode.LostNode, Mac("0e:64:c0:a8:00:03"), false)]),
        IPv4 = v4,
        IPv6 = v6,
    };

    /// <summary>The family's tables.</summary>
    public FamilyTables<TAddress> BuildFamily() => new()
    {
        Endpoints = new EndpointTable<TAddress>([.. Endpoints]),
        Services = BuildServices(),
        Routes = new RouteTable<TAddress>(
            [.. Routes.ConvertAll(r => new PrefixEntry<TAddress>(r.Address, r.Length, r.Route))],
            [
                new(RouteKind.World, 0), new(RouteKind.Unreachable, 0), new(RouteKind.Host, 0), new(RemoteKind, 0, IsCutOff: RemoteKind == RouteKind.Unreachable, ByHost: RemoteByHost),
                new(RouteKind.Overlay, 1), new(RemoteKind == RouteKind.Unreachable ? RouteKind.Native : RemoteKind, 0, IsNode: true, ByHost: RemoteByHost),
            ]),
        Identities = new IpCache<TAddress>(
        [
            new(NodeAddress, Single, (int)Identities.Host), new(Gateway, Single, (int)Identities.Host), new(RemoteNode, Single, (int)Identities.RemoteNode),
            new(RemoteGateway, Single, (int)Identities.RemoteNode), new(RemotePod, Single, (int)RemotePodIdentity), new(Partner, Partners, (int)PartnerIdentity),
        ]),
        Gateway = Gateway,
        HostPeer = HostPeer,
        NodeAddress = NodeAddress,
        Underlay = Underlay,
        Unmasqueraded = new PrefixTable<TAddress>(Unmasqueraded),
    };

    /// <summary>A backend.</summary>
    public static Backend<TAddress> At(TAddress address, ushort port) => new(address, Be16.FromHost(port));

    /// <summary>Endpoints of a service, in any order.</summary>
    public static BackendSet<TAddress> Set(params Backend<TAddress>[] backends) => new([.. backends.Order()]);

    /// <summary>A local pod.</summary>
    public static Endpoint<TAddress> Pod(TAddress address, ushort port, uint identity, int policy) => new(address, port, MacOf(address), identity, policy);

    /// <summary>The Ethernet address of a pod; of anything else, one made in the same way.</summary>
    public static MacAddress MacOf<TAny>(TAny address)
        where TAny : unmanaged, IIpAddress<TAny>
    {
        Span<byte> bytes = stackalloc byte[TAny.ByteLength];
        address.CopyTo(bytes);
        return new MacAddress([0x0a, (byte)(TAny.ByteLength == 4 ? 0x58 : 0x59), .. bytes[^4..]]);
    }

    private static TAddress Either(string v4, string v6) => Family<TAddress>.Address(v4, v6);

    private static MacAddress Mac(string text) => MacAddress.TryParse(text, out var mac) ? mac : throw new FormatException(text);

    private ServiceTable<TAddress> BuildServices()
    {
        uint id = 0;
        List<Frontend<TAddress>> frontends = [.. Frontends];
        foreach (var (frontend, own) in Services)
            frontends.Add(new(frontend.Address, frontend.Protocol, frontend.Port, FrontendKind.ClusterIp, new Service<TAddress> { Id = ++id, Cluster = Set(own), Local = Set() }));
        var index = FrontendIndex<TAddress>.Build(frontends, out var clash) ?? throw new InvalidOperationException($"two services at {clash.Address}:{clash.Port}");
        return new ServiceTable<TAddress>(
            index, new AddressMap<TAddress>([new(NodeAddress, (int)NodeAddressKind.Local), new(RemoteNode, (int)NodeAddressKind.Remote)]), new PrefixTable<TAddress>([new(WebService, ServiceRange, 0)]));
    }

    private Vtep Tunnel(IPv4Address remote, MacAddress inner, bool resolved) => new()
    {
        Remote = remote, Node = remote.ToString(), Port = Uplink, Mtu = Mtu, Resolved = resolved,
        Header = VxlanEncap.BuildHeader(NextHopMac, UplinkMac, SampleNode.NodeAddress, remote, Vni, VxlanPort, inner, VtepMac),
    };
}
