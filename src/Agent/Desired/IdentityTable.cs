using System.Collections.Frozen;
using Dataplane.Agent.Model;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Desired;

/// <summary>Every identity of the cluster as this node sees it, and which addresses have it.</summary>
public sealed class IdentityTable
{
    /// <summary>Addresses of this node.</summary>
    public const uint Host = 1;

    /// <summary>Addresses of other nodes that no ipBlock holds.</summary>
    public const uint RemoteNode = 2;

    /// <summary>First number the agent gives out; those below are the contract's.</summary>
    public const uint FirstAllocated = 16;

    private readonly IdAllocator<IdentityKey> _allocator;
    private readonly Dictionary<IdentityKey, IdentityClass> _classes = [];
    private readonly Dictionary<IpPrefix, IpcacheOwner> _ipcache = [];
    private readonly Dictionary<Pod, uint> _pods = [];
    private readonly List<string> _warnings = [];
    private readonly FrozenSet<string> _unusedLabels;

    private IdentityTable(ClusterObjects objects, string nodeName, IdAllocator<IdentityKey> allocator)
    {
        _allocator = allocator;
        allocator.BeginRound();
        Prefixes = new PrefixIndex(objects.NetworkPolicies.SelectMany(PrefixesOf));
        _unusedLabels = ControllerLabels.UnusedBy(objects.NetworkPolicies);
        // Nodes first: a pod that claims a node's address does not get it.
        foreach (var node in objects.Nodes.OrderBy(n => n.Meta.Name != nodeName))
            AddNode(node, node.Meta.Name == nodeName);
        AddPods(objects.Pods);
        foreach (var prefix in Prefixes.All)
        {
            if (!_ipcache.ContainsKey(prefix))
                _ipcache.Add(prefix, new IpcacheOwner(Class(IdentityKey.ForCidr(prefix)).Id, ""));
        }
    }

    /// <summary>The prefixes of all policies.</summary>
    public PrefixIndex Prefixes { get; }

    /// <summary>The identities in use, reserved ones apart.</summary>
    public IReadOnlyCollection<IdentityClass> Classes => _classes.Values;

    /// <summary>Prefix to identity; longest prefix wins.</summary>
    public IReadOnlyDictionary<IpPrefix, IpcacheOwner> Ipcache => _ipcache;

    /// <summary>What the objects contradict each other in.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Builds the table.</summary>
    public static IdentityTable Of(ClusterObjects objects, string nodeName, IdAllocator<IdentityKey> allocator) =>
        new(objects, nodeName, allocator);

    /// <summary>True when policy sees the pod as a pod: not the node's own traffic (P25), and not ended (P28).</summary>
    public static bool IsSelectable(Pod pod) => !pod.HostNetwork && !pod.HasEnded;

    /// <summary>The identity of a selectable pod: that of its first address where the families differ.</summary>
    public uint Of(Pod pod) => _pods[pod];

    private static IEnumerable<IpPrefix> PrefixesOf(NetworkPolicy policy)
    {
        foreach (var peer in policy.Ingress.Concat(policy.Egress).SelectMany(r => r.Peers))
        {
            if (peer.IpBlock is not { } block)
                continue;
            yield return block.Cidr;
            foreach (var except in block.Except)
                yield return except;
        }
    }

    private void AddNode(Node node, bool own)
    {
        var hostPorts = node.PodCidrs.Select(c => c.FirstHost).OfType<IpAddress>();
        foreach (var address in node.Addresses.Concat(hostPorts))
        {
            var identity = own ? Host
                : Prefixes.LongestCovering(address) is { } prefix ? Class(IdentityKey.ForRemoteNode(prefix)).Id
                : RemoteNode;
            var owner = $"node/{node.Meta.Name}";
            if (!_ipcache.TryAdd(address.AsPrefix, new IpcacheOwner(identity, owner)) && _ipcache[address.AsPrefix].Owner != owner)
                _warnings.Add($"{node.Key}: address {address} is taken as {_ipcache[address.AsPrefix].Owner}'s");
        }
    }

    private void AddPods(OrderedList<Pod> pods)
    {
        var claims = new Dictionary<IpAddress, Pod>();
        foreach (var pod in pods)
        {
            if (!IsSelectable(pod))
                continue;
            var first = pod.Addresses.Count == 0 ? (IpPrefix?)null : Prefixes.LongestCovering(pod.Addresses[0]);
            _pods[pod] = Class(KeyOf(pod, first)).Id;
            foreach (var address in pod.Addresses)
            {
                if (!claims.TryGetValue(address, out var rival) || IsNewer(pod, rival))
                    claims[address] = pod;
                if (rival is not null)
                    _warnings.Add($"address {address} is claimed by {rival.Key} and {pod.Key}; it counts as {claims[address].Meta.FullName}'s");
            }
        }
        foreach (var pod in pods)
        {
            foreach (var address in pod.Addresses)
            {
                if (!claims.TryGetValue(address, out var owner) || owner != pod)
                    continue;
                var identity = Class(KeyOf(pod, Prefixes.LongestCovering(address))).Id;
                if (!_ipcache.TryAdd(address.AsPrefix, new IpcacheOwner(identity, pod.Meta.FullName)))
                    _warnings.Add($"{pod.Key}: address {address} is {_ipcache[address.AsPrefix].Owner}'s");
            }
        }
    }

    private IdentityKey KeyOf(Pod pod, IpPrefix? prefix) => IdentityKey.ForPod(pod, pod.Meta.Labels.Without(_unusedLabels), prefix);

    // The runtime frees an address before the pod's object is gone: the pod that is not on its way out has it (P28).
    private static bool IsNewer(Pod pod, Pod rival) =>
        pod.Meta.Terminating != rival.Meta.Terminating
            ? rival.Meta.Terminating
            : (pod.Meta.Created ?? DateTimeOffset.MinValue) > (rival.Meta.Created ?? DateTimeOffset.MinValue);

    private IdentityClass Class(IdentityKey key)
    {
        if (!_classes.TryGetValue(key, out var known))
            _classes.Add(key, known = new IdentityClass(_allocator.IdOf(key), key));
        return known;
    }

    /// <summary>The contract's messages for the identities, in the order of their ids.</summary>
    public IEnumerable<V1.Identity> ToIdentities() => _classes.Values.OrderBy(c => c.Id).Select(ToMessage);

    /// <summary>The contract's messages for the addresses, in the order of their prefixes.</summary>
    public IEnumerable<V1.IpcacheEntry> ToIpcache() => _ipcache.OrderBy(e => e.Key).Select(
        e => new V1.IpcacheEntry { Cidr = e.Key.ToString(), Identity = e.Value.Identity, Owner = e.Value.Owner });

    private static V1.Identity ToMessage(IdentityClass item)
    {
        var message = new V1.Identity { Id = item.Id, Kind = item.Key.Kind };
        if (item.Key.Kind == V1.Identity.Types.Kind.Pod)
        {
            message.Labels.Add($"k8s:ns/{item.Key.Namespace}");
            message.Labels.AddRange(item.Key.Labels.Items.Select(l => $"{l.Key}={l.Value}"));
        }
        if (item.Key.Prefix is { } prefix)
            message.Labels.Add($"cidr:{prefix}");
        return message;
    }
}
