using System.Diagnostics;
using System.Net;
using Dataplane.Conntrack;
using Dataplane.Contracts.V1;
using Dataplane.Control.Compile;
using Dataplane.Control.Metrics;
using Dataplane.Control.Options;
using Dataplane.Control.Telemetry;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Workers;
using Microsoft.Extensions.Logging;
using Xdp.Interop;
using Xdp.Interop.Links;

namespace Dataplane.Control.Apply;

/// <summary>
/// This node's dataplane: owns the engine, the XDP programs, the host port, the uplink and the attached pods, and brings the tables
/// up to date when any of them or the desired state changes. One change at a time, under one lock; packets never wait for it.
/// </summary>
public sealed class NodeRuntime : IDisposable
{
    private static readonly Dictionary<IPv4Address, NextHop> NoHops = [];
    private static readonly Dictionary<IPAddress, PeerHop> NoPeers = [];

    private readonly Lock _lock = new();
    private readonly ILogger _log;
    private readonly EndpointStore _endpoints = new();
    private readonly EndpointRecords _records;
    private readonly EndpointRestore _restore;
    private readonly NodeConntrack _conntrack;
    private readonly FlowHandover _handover;
    private readonly XdpAttachments _programs;
    private readonly UplinkSet _uplinks;
    private readonly NextHops _nextHops;
    private readonly TablePublisher _publisher;
    private readonly PodPorts _pods;
    private readonly NodeMtu _mtu;
    private readonly FlowSweeper _sweeper;
    private readonly FrontendRetirements _retirements;
    private readonly Upkeep _upkeep;
    private NameIndex? _names;

    /// <summary>Opens everything that the node needs before the first pod: workers, host port, uplinks.</summary>
    /// <exception cref="XdpException">The kernel refused something; the message names it and the remedy.</exception>
    public NodeRuntime(DataplaneOptions options, ILoggerFactory loggers)
    {
        Options = options;
        _log = loggers.CreateLogger("node");
        _records = new EndpointRecords(options.ControlSocketPath);
        _restore = new EndpointRestore(_records, request => Attach(request, isNoted: true, out _), PodVeth.Exists, _log);
        Features = KernelFeatures.Probe();
        Gateway = FieldParser.To<IPv4Address>(options.HostPortAddress.IPv4);
        TunnelAddress = FieldParser.To<IPv4Address>(options.NodeIp.IPv4);
        GatewayMac = RuntimeSettings.GatewayMac(Gateway);
        int workers = RuntimeSettings.Workers(options);

        _programs = new XdpAttachments();
        _publisher = new TablePublisher(this, _programs.Steering, _log);
        _pods = new PodPorts(this, _programs, _log);
        _uplinks = new UplinkSet(this, _programs, _log);
        _conntrack = new NodeConntrack(options, workers);
        _handover = new FlowHandover(options, loggers.CreateLogger("flows"));
        _handover.Take(_conntrack);
        Engine = new DataplaneEngine(RuntimeSettings.Engine(options, workers, _log), _conntrack.V4, _conntrack.V6, _publisher.Initial());
        _sweeper = new FlowSweeper(Engine, loggers.CreateLogger("flows"));
        _retirements = new FrontendRetirements(_publisher, _conntrack, _lock, () => State, _log);
        _uplinks.Open();
        _mtu = new NodeMtu(options, Features, UplinkDevice?.Mtu, _log);
        HostPort = HostPort.Open(this, _programs);
        bool isNative = options.Routing != RoutingMode.Vxlan;
        _nextHops = new NextHops(UplinkDevice, loggers.CreateLogger("underlay"), Republish, bothFamilies: isNative && options.DualStack);
        if (Uplinks.Count > 0) Underlay = new UnderlayWatch(Uplinks, isNative ? [.. options.ClusterCidr.All] : [], loggers.CreateLogger("routes"), Republish, FollowUplinks);
        lock (_lock) // next hops may be found, and published, from now on
        {
            _publisher.Linger(_handover);
            Publish(State);
            HostPort.Activate();
            _publisher.LeadNode(State);
        }
        foreach (string obstacle in HostPort.Obstacles) _log.LogWarning("{Obstacle}", obstacle);
        Underlay?.Start();
        _upkeep = new Upkeep(Repair, Upkeep.Interval, _log);
        _handover.Accept();
    }

    public DataplaneOptions Options { get; }

    /// <summary>What the kernel offers.</summary>
    public IReadOnlyList<KernelFeature> Features { get; }

    /// <summary>What carries packets.</summary>
    public DataplaneEngine Engine { get; }

    /// <summary>The host port's address: the pods' gateway.</summary>
    public IPv4Address Gateway { get; }

    /// <summary>Our Ethernet address towards pods and the host stack.</summary>
    public MacAddress GatewayMac { get; }

    /// <summary>Where tunnels to this node end.</summary>
    public IPv4Address TunnelAddress { get; }

    /// <summary>MTU of pods' routes, bytes.</summary>
    public int PathMtu => _mtu?.Path ?? 0; // the first tables are made before anything is open

    /// <summary>MTU of our veths, bytes.</summary>
    public int DeviceMtu => _mtu.Device;

    /// <summary>The state in force.</summary>
    public DesiredState State { get; private set; } = DesiredState.Empty;

    /// <summary>How states and changes of state went.</summary>
    public SyncMetrics Syncs { get; } = new();

    /// <summary>The device of tunnels, or null.</summary>
    public Uplink? UplinkDevice => Uplinks.Count > 0 ? Uplinks[0] : null;

    /// <summary>All devices that lead out: that of tunnels, then the further ones.</summary>
    public IReadOnlyList<Uplink> Uplinks => _uplinks.All;

    /// <summary>Endpoints of all services that may take connections.</summary>
    public int ServiceBackends => _publisher.ServiceBackends;

    /// <summary>Frontends that packets from outside are steered to, and how many can be; none without an uplink.</summary>
    public (int Count, int Room) SteeredFrontends => Uplinks.Count == 0 ? default : _publisher.SteeredFrontends;

    /// <summary>What of the state is not in force, and what on this node stands in the way of services, for people; one sentence each.</summary>
    /// <param name="own">Ports that this process listens on for health checks.</param>
    public IReadOnlyList<string> FindProblems(IReadOnlySet<ushort> own) =>
        [.. _publisher.Problem is { } problem ? [problem] : (string[])[], .. CutOff, .. OwnNode.FindProblems(State, Options, Endpoints), .. _uplinks.Problems, .. HostPort?.Obstacles ?? [], .. _publisher.FindObstacles(own)];

    /// <summary>Told of each state that was put into force, under a lock: to be brief.</summary>
    public event Action<DesiredState>? Applied;

    /// <summary>What the process before has left.</summary>
    internal FlowHandover Handover => _handover;

    /// <summary>What became of flows whose endpoints went.</summary>
    internal FlowSweeper Sweeper => _sweeper;

    /// <summary>The port into the node's own stack.</summary>
    internal HostPort? HostPort { get; }

    /// <summary>The node's own routes; null without an uplink.</summary>
    internal UnderlayWatch? Underlay { get; }

    /// <summary>Attached pods.</summary>
    public IReadOnlyList<AttachedEndpoint> Endpoints
    {
        get
        {
            lock (_lock) return _endpoints.Endpoints;
        }
    }

    /// <summary>Next hops that are known.</summary>
    public IReadOnlyDictionary<IPv4Address, NextHop> KnownNextHops => _nextHops?.Known ?? NoHops;

    /// <summary>Ways to the other nodes' own addresses; the same instance while they are the same.</summary>
    internal IReadOnlyDictionary<IPAddress, PeerHop> KnownHops => _nextHops?.Hops ?? NoPeers;

    /// <summary>How the other nodes' pods are reached.</summary>
    internal PeerRoutes Peers => _publisher.Peers;

    /// <summary>Addresses of this node's interfaces, both families.</summary>
    public IReadOnlyList<IPAddress> LocalAddresses => _nextHops?.LocalAddresses ?? [];

    /// <summary>Pods that could not be taken over from the process before, for people.</summary>
    internal IReadOnlyList<string> CutOff
    {
        get
        {
            lock (_lock) return _restore.Problems;
        }
    }

    /// <summary>Names for people; made anew after each change.</summary>
    public NameIndex Names => _names ??= new NameIndex(State, Endpoints, Engine.Tables);

    /// <summary>How a port's device is attached: "native" or "generic".</summary>
    public string XdpModeOf(Port port) => _programs.Describe(port.Socket.Ifindex);

    /// <summary>Replaces the desired state, all or nothing.</summary>
    /// <exception cref="InvalidStateException">It cannot be used; nothing was changed.</exception>
    public void Sync(ulong generation, State state) => Apply(() => DesiredState.From(generation, state), servicesOnly: false);

    /// <summary>Changes the desired state, all or nothing.</summary>
    /// <exception cref="InvalidStateException">It cannot be used; nothing was changed.</exception>
    /// <exception cref="StaleGenerationException">The sender changes a state other than the one in force.</exception>
    public void Update(ulong baseGeneration, ulong generation, State upserts, State deletes) => Apply(
        () =>
        {
            if (baseGeneration != State.Generation) throw new StaleGenerationException(baseGeneration, State.Generation);
            return State.With(generation, upserts, deletes);
        },
        servicesOnly: HasOnlyServices(upserts) && HasOnlyServices(deletes));

    /// <summary>Makes a pod's interface and opens its port; the same pod again, with the same values, is a no-op.</summary>
    /// <exception cref="InvalidStateException">A field is bad.</exception>
    /// <exception cref="EndpointExistsException">The pod or the address is attached otherwise.</exception>
    /// <exception cref="XdpException">The kernel refused something; nothing is left behind.</exception>
    public AttachedEndpoint Attach(AttachEndpointRequest request) => Attach(request, isNoted: false, out _);

    /// <summary>The same; says whether the pod is attached by this very call.</summary>
    internal AttachedEndpoint Attach(AttachEndpointRequest request, out bool created) => Attach(request, isNoted: false, out created);

    private AttachedEndpoint Attach(AttachEndpointRequest request, bool isNoted, out bool created)
    {
        created = false;
        var wanted = EndpointRequest.Parse(request, Options);
        lock (_lock)
        {
            if (_endpoints.Find(wanted.Key) is { } there)
            {
                return there.Endpoint.Address == wanted.Address && there.Endpoint.AddressV6 == wanted.AddressV6 && there.Endpoint.NetworkNamespace == wanted.NetworkNamespace
                    && there.Endpoint.PodInterface == wanted.Interface && there.Endpoint.ContainerId == wanted.ContainerId && there.Endpoint.Uid == wanted.Uid
                        ? there.Endpoint
                        : throw new EndpointExistsException($"pod {wanted.Key} is attached with address {string.Join(" and ", there.Endpoint.Addresses)} in {there.Endpoint.NetworkNamespace}; delete it first");
            }
            if (_endpoints.Find(wanted.Address, wanted.AddressV6) is { } other) throw new EndpointExistsException($"address {string.Join(" or ", other.Endpoint.Addresses)} belongs to pod {other.Endpoint.Key}; delete that first");
            if (!isNoted) _restore.Forget(wanted.Key, "", "");
            var attachment = _pods.Open(wanted, _endpoints.NextId());
            _endpoints.Add(attachment);
            // Nobody inherits flows (P28): who had the address may have gone while there was no dataplane to end them.
            if (_sweeper.Arrive(attachment.Endpoint) | (!isNoted && _handover.State is not null)) _sweeper.Depart(attachment.Endpoint);
            Publish(State);
            try
            {
                if (!isNoted) _records.Keep(request);
                attachment.Veth.Activate();
            }
            catch
            {
                if (!isNoted) _records.Forget(wanted.Namespace, wanted.Pod, wanted.ContainerId);
                _endpoints.Remove(attachment);
                Publish(State);
                _pods.GiveUp(attachment);
                throw;
            }
            created = true;
            _log.LogInformation("attached pod {Pod} with address {Addresses} on {Interface}", wanted.Key, string.Join(" and ", attachment.Endpoint.Addresses), attachment.Endpoint.HostInterface);
            if (OwnNode.FindStray(attachment.Endpoint, Options) is { } stray) _log.LogWarning("{Problem}", stray);
            return attachment.Endpoint;
        }
    }

    /// <summary>
    /// Closes a pod's port and removes its interface; false when it was not attached (by this container). Who was connected with it is told
    /// so (K25), and nobody inherits its flows (P28).
    /// </summary>
    /// <param name="podKey">Namespace and name.</param>
    /// <param name="containerId">When set, of this container only.</param>
    /// <param name="interface">When set, by this name within the pod only.</param>
    public bool Detach(string podKey, string containerId, string @interface = "")
    {
        lock (_lock)
        {
            if (_endpoints.Find(podKey) is not { } attachment) return _restore.Forget(podKey, containerId, @interface);
            if (containerId.Length > 0 && attachment.Endpoint.ContainerId != containerId) return false;
            if (@interface.Length > 0 && attachment.Endpoint.PodInterface != @interface) return false;
            _records.Forget(attachment.Endpoint.Namespace, attachment.Endpoint.Pod, attachment.Endpoint.ContainerId);
            _endpoints.Remove(attachment);
            Publish(State);
            _sweeper.Depart(attachment.Endpoint);
            _pods.Close(attachment);
            _log.LogInformation("detached pod {Pod}", podKey);
            return true;
        }
    }

    /// <summary>Attaches what an earlier process had attached. Called once, before requests are served.</summary>
    public void Restore()
    {
        lock (_lock) _restore.Run();
    }

    /// <summary>
    /// Detaches what was taken over although its DEL came before anybody listened: the plugin has deleted its note then. Called once, when requests
    /// are served: from then on a DEL that finds nobody tries again, and finds this process.
    /// </summary>
    public void Settle()
    {
        lock (_lock)
        {
            foreach (var endpoint in _endpoints.Endpoints.Where(e => !_records.Contains(e.Namespace, e.Pod, e.ContainerId))) Detach(endpoint.Key, endpoint.ContainerId);
        }
    }

    /// <summary>What of a pod's interface is not as it should be; null when it is not attached (by this container).</summary>
    /// <exception cref="XdpException">The kernel does not tell.</exception>
    internal IReadOnlyList<string>? Check(EndpointCheck wanted)
    {
        EndpointStore.Attachment? attachment;
        lock (_lock) attachment = _endpoints.Find(wanted.Key);
        if (attachment is null || wanted.ContainerId.Length > 0 && attachment.Endpoint.ContainerId != wanted.ContainerId) return null;
        return PodInterface.FindProblems(attachment.Endpoint, attachment.Veth.HostIndex, wanted);
    }

    /// <summary>
    /// Stops the workers, and leaves their flows to a successor. Pods' interfaces and the programs on them stay: it takes them over, and until then
    /// they drop.
    /// </summary>
    public void Dispose()
    {
        Underlay?.Dispose(); // outside the lock, which their last callback may be waiting for
        _upkeep.Dispose();
        _nextHops.Dispose();
        _sweeper.Dispose();
        _retirements.Dispose();
        lock (_lock)
        {
            _uplinks.Detach();
            Engine.Dispose();
            _handover.Leave(_conntrack, Engine, State, _publisher.Frontends.All, _publisher.FrontendsV6.All);
            foreach (var attachment in _endpoints.All) attachment.Veth.Dispose();
            _programs.Dispose();
            _conntrack.Dispose();
        }
    }

    private IEnumerable<(string Who, Action<int> Set)> MtuSenders => PathMtuChange.Senders(HostPort, _endpoints.All);

    private static bool HasOnlyServices(State part) =>
        part.Nodes.Count + part.Identities.Count + part.Ipcache.Count + part.Policies.Count + part.Workloads.Count == 0;

    private void Apply(Func<DesiredState> change, bool servicesOnly)
    {
        long start = Stopwatch.GetTimestamp();
        lock (_lock)
        {
            var before = State;
            DesiredState state;
            try
            {
                state = change();
                Publish(state, servicesOnly);
            }
            catch
            {
                Syncs.RecordRefused();
                throw;
            }
            if (OwnNode.FindProblem(state, Options) is { } problem && problem != OwnNode.FindProblem(before, Options)) _log.LogWarning("{Problem}", problem);
            State = state;
            _names = null; // they may have been asked for since the tables were published
            Applied?.Invoke(state);
            if (!servicesOnly) _nextHops.Track(state, Options.NodeName);
            // A pod that went while there was no dataplane may be in the state still.
            var vacant = VacantAddresses.Find(_handover.LocalEnds, address => _endpoints.Find(address) is not null, _restore.Addresses, LocalAddresses, state, Options.NodeName);
            _sweeper.Changed(_handover.State ?? before, state, address => _endpoints.Find(address)?.Endpoint.Key, vacant);
            _handover.Complete();
            Syncs.RecordApplied(Stopwatch.GetElapsedTime(start));
        }
    }

    private List<string> Repair()
    {
        lock (_lock)
        {
            var repaired = new List<string>(_publisher.Repair(out bool mustPublish));
            if (_uplinks.Follow(repaired)) // queues may be added without an event
            {
                _mtu.Follow(UplinkDevice, MtuSenders);
                mustPublish = true;
            }
            if (mustPublish) Publish(State);
            repaired.AddRange(_mtu.Retry(MtuSenders));
            repaired.AddRange(_restore.Retry());
            return repaired;
        }
    }

    // What comes of an event of the devices; the caller publishes.
    private bool FollowUplinks()
    {
        lock (_lock)
        {
            var repaired = new List<string>();
            bool moved = _uplinks.Follow(repaired);
            if (repaired.Count > 0) _log.LogWarning("put right on the uplinks: {Repaired}", string.Join("; ", repaired));
            if (moved) _mtu.Follow(UplinkDevice, MtuSenders);
            return moved;
        }
    }

    private void Republish()
    {
        lock (_lock) Publish(State);
    }

    // Services decide about new flows only, so established ones need not be judged again for them.
    private void Publish(DesiredState state, bool servicesOnly = false)
    {
        _publisher.Publish(state, servicesOnly);
        _names = null;
    }
}
