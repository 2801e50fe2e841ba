using System.Net;
using Dataplane.Conntrack;
using Dataplane.Contracts.V1;
using Dataplane.Control.Apply;
using Dataplane.Control.Compile;
using Dataplane.Control.Telemetry;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Workers;
using ConntrackEntry = Dataplane.Contracts.V1.ConntrackEntry;

namespace Dataplane.Control.Server;

/// <summary>Rows of the dumps, read from the tables in force.</summary>
internal sealed class TableDumps(NodeRuntime node)
{
    /// <summary>State of an endpoint whose identity and policy are in force.</summary>
    public const string Ready = "ready";

    public IEnumerable<EndpointEntry> Endpoints() => node.Endpoints.Select(Entry).OrderBy(e => e.Id);

    public IEnumerable<Service> Services() => node.State.Services.OrderBy(s => s.Key.ToString(), StringComparer.Ordinal).Select(s => s.Value);

    public IEnumerable<IpcacheEntry> Ipcache() => node.State.Ipcache.Values.OrderBy(e => e.Cidr, StringComparer.Ordinal);

    /// <summary>One endpoint, with what the state says of it.</summary>
    public EndpointEntry Entry(AttachedEndpoint endpoint)
    {
        var entry = new EndpointEntry
        {
            Id = endpoint.Id,
            Namespace = endpoint.Namespace,
            Pod = endpoint.Pod,
            Addresses = { endpoint.Addresses },
            Mac = endpoint.Mac.ToString(),
            HostInterface = endpoint.HostInterface,
            Netns = endpoint.NetworkNamespace,
            ContainerId = endpoint.ContainerId,
            Port = endpoint.Port,
            Interface = endpoint.PodInterface,
            State = "waiting-for-policy",
        };
        var state = node.State;
        if (state.WorkloadOf(endpoint) is not { } workload) return entry;
        entry.Identity = workload.Identity;
        entry.Policy = workload.Policy;
        if (state.Policies.TryGetValue(workload.Policy, out var policy))
        {
            entry.State = Ready;
            entry.IngressIsolated = policy.Ingress?.Isolated ?? false;
            entry.EgressIsolated = policy.Egress?.Isolated ?? false;
        }
        if (state.Identities.TryGetValue(workload.Identity, out var identity)) entry.Labels.AddRange(identity.Labels);
        return entry;
    }

    public IEnumerable<NodeEntry> Nodes()
    {
        var hops = node.KnownNextHops;
        var peers = new PeerRows(node.Peers.Peers);
        foreach (var item in node.State.Nodes.Values)
        {
            var entry = new NodeEntry { Node = item, Local = item.Name == node.Options.NodeName };
            entry.State = entry.Local ? "local" : "unresolved";
            bool hasTunnel = TableCompiler.TunnelAddress(item, out var address);
            if (item.VtepMac.Length > 0 || hasTunnel)
                entry.VtepMac = item.VtepMac.Length > 0 ? item.VtepMac : TableCompiler.DerivedVtepMac(address).ToString();
            if (!entry.Local && hasTunnel && hops.TryGetValue(address, out var hop))
            {
                entry.NextHopMac = hop.Mac.ToString();
                entry.State = "overlay";
            }
            entry.PodRoutes.AddRange(peers.OfNode(item.Name));
            if (!entry.Local && peers.StateOf(item.Name, entry.State == "overlay" || IsByAnotherDevice(item)) is { } state) entry.State = state;
            yield return entry;
        }
    }

    public IEnumerable<RouteEntry> Routes()
    {
        foreach (var endpoint in node.Endpoints)
        {
            foreach (string address in endpoint.Addresses) yield return new RouteEntry { Destination = OnlyOf(address), Kind = "endpoint", Via = endpoint.Key, Port = endpoint.Port };
        }
        uint host = node.Engine.Tables.Node.HostPort;
        foreach (var address in node.LocalAddresses)
        {
            yield return new RouteEntry { Destination = OnlyOf($"{address}"), Kind = "host", Via = node.Options.HostPort, Port = host };
        }
        uint uplink = node.UplinkDevice?.Port.Id ?? 0u;
        var peers = new PeerRows(node.Peers.Peers);
        foreach (var item in node.State.Nodes.Values.Where(n => n.Name != node.Options.NodeName))
        {
            foreach (string cidr in item.PodCidrs) yield return peers.Row(item.Name, cidr, uplink, node.Engine.Tables);
            // Without a tunnel a node's own address is reached by one of the neighbours below.
            if (peers.StateOf(item.Name, answers: true) is not null) continue;
            foreach (string address in item.Addresses) yield return new RouteEntry { Destination = OnlyOf(address), Kind = "overlay", Via = item.Name, Port = uplink };
        }
        foreach (var cidr in node.Options.PodCidr.All.Concat(node.Options.ClusterCidr.All)) yield return new RouteEntry { Destination = cidr.ToString(), Kind = "unreachable" };
        foreach (var row in Ways(node.Engine.Tables.IPv4, node.Underlay?.V4.Ways)) yield return row;
        if (node.Engine.Tables.IPv6 is { } v6)
        {
            foreach (var row in Ways(v6, node.Underlay?.V6.Ways)) yield return row;
        }
    }

    public IEnumerable<PortEntry> Ports() => node.Engine.Ports.Select(Entry);

    public IEnumerable<ConntrackEntry> Conntrack(string address)
    {
        var only = address.Length == 0 ? null : FieldParser.Address("address", address);
        var v4 = Flows(node.Engine.Conntrack, only);
        return node.Engine.ConntrackV6 is { } v6 ? v4.Concat(Flows(v6, only)) : v4;
    }

    public IEnumerable<DropEntry> Drops()
    {
        foreach (var drop in CounterTotals.Drops(node.Engine))
        {
            yield return new DropEntry
            {
                Reason = drop.Reason.ToString(),
                Direction = FlowText.Direction(drop.Direction),
                Packets = drop.Packets,
                Bytes = drop.Bytes,
                Description = DropDescriptions.Of(drop.Reason),
            };
        }
    }

    private IEnumerable<ConntrackEntry> Flows<TAddress>(ConntrackTable<TAddress> table, IPAddress? only)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        if (only is not null && !FieldParser.IsOf<TAddress>(only)) return [];
        TAddress? address = only is null ? null : FieldParser.To<TAddress>(only);
        uint now = node.Engine.Clock.Seconds;
        return table.Reader.Snapshot().Where(e => address is not { } a || IsAt(e, a)).Select(e => FlowText.Entry(e, table.SecondsLeft(e, now)));
    }

    private static bool IsAt<TAddress>(in ConntrackEntry<TAddress> flow, TAddress address)
        where TAddress : unmanaged, IIpAddress<TAddress> =>
        flow.Original.Source.Equals(address) || flow.Original.Destination.Equals(address) || flow.Reply.Source.Equals(address) || flow.Reply.Destination.Equals(address);

    private IEnumerable<RouteEntry> Ways<TAddress>(FamilyTables<TAddress> family, IReadOnlyList<UnderlayWay<TAddress>>? ways)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        var rows = new UnderlayRows<TAddress>(
            index => node.Uplinks.FirstOrDefault(u => u.Ifindex == index) is { } device ? (device.Name, device.Port.Id) : ("", 0u),
            (node.Options.HostPort, node.Engine.Tables.Node.HostPort),
            address => family.Routes.Find(address) is { Kind: RouteKind.World } or { IsNode: true });
        return rows.Of(ways ?? []);
    }

    // There the node's own stack finds out next hops, and nothing is known of them here.
    private bool IsByAnotherDevice(Node peer) =>
        TableCompiler.TunnelAddress(peer, out var address) && node.KnownHops.TryGetValue(FieldParser.From(address), out var hop) && hop.NextHop is not null && hop.Interface != node.UplinkDevice?.Ifindex;

    private static string OnlyOf(string address) => address + (address.Contains(':') ? "/128" : "/32");

    private PortEntry Entry(Port port)
    {
        var statistics = port.ReadStatistics();
        return new PortEntry
        {
            Id = port.Id,
            Name = port.Name,
            Kind = port.Kind.ToString().ToLowerInvariant(),
            Ifindex = (uint)port.Socket.Ifindex,
            Queue = port.Socket.Queue,
            Mtu = (uint)(node.Uplinks.FirstOrDefault(u => u.Ifindex == port.Socket.Ifindex)?.Mtu ?? node.PathMtu),
            XdpMode = node.XdpModeOf(port),
            BindMode = port.Socket.ZeroCopy ? "zero-copy" : "copy",
            TxMetadata = port.Socket.TxMetadata,
            MultiBuffer = port.Socket.MultiBuffer,
            Worker = (uint)port.Worker,
            RxPackets = port.Counters.RxPackets,
            RxBytes = port.Counters.RxBytes,
            TxPackets = port.Counters.TxPackets,
            TxBytes = port.Counters.TxBytes,
            TxErrors = port.Counters.TxErrors,
            RxDropped = statistics.RxDropped,
            RxFillEmpty = statistics.RxFillRingEmpty,
            RxRingFull = statistics.RxRingFull,
        };
    }
}
