using Dataplane.Testing;
using Dataplane.Testing.Clusters;

namespace Dataplane.Netns.Tests.Services;

/// <summary>A pod that a test makes for itself, with the same servers as all others, and that it may remove.</summary>
public sealed class ExtraPod : IDisposable
{
    private readonly Cluster _cluster;
    private readonly DataplaneNode _node;
    private readonly BackgroundProcess _server;
    private bool _removed;

    internal ExtraPod(Cluster cluster, DataplaneNode node, string name, string address)
    {
        (_cluster, _node) = (cluster, node);
        NetworkNamespace net = cluster.Topology.AddNamespace("extra-" + name);
        Pod = new ClusterPod("default", name, address, new Dictionary<string, string> { ["app"] = name }, [], node, net);
        cluster.Manifests.ApplyPod(Pod);
        node.Dpctl("endpoint", "add", "--pod", Pod.FullName, "--ip", Pod.Address, "--netns", net.Path);
        _server = ServiceBed.Serve(net, name);
    }

    /// <summary>The pod.</summary>
    public ClusterPod Pod { get; }

    /// <summary>Deletes the pod as kubelet and API server do: its interface goes, and its object.</summary>
    /// <param name="interfaceFirst">Which of them goes first.</param>
    public void Remove(bool interfaceFirst = true)
    {
        if (_removed)
            return;
        _removed = true;
        if (!interfaceFirst)
            _cluster.Manifests.Delete($"pod-{Pod.Namespace}-{Pod.Name}");
        _node.Dpctl("endpoint", "delete", "--pod", Pod.FullName);
        _cluster.Manifests.Delete($"pod-{Pod.Namespace}-{Pod.Name}");
    }

    /// <summary>Its interface goes while no dataplane runs, with the note by which the next one would take it over; its object stays.</summary>
    public void LoseInterface()
    {
        _removed = true;
        Pod.Net.Ip("link del eth0");
        _node.ForgetPod(Pod);
        _cluster.Manifests.Delete($"pod-{Pod.Namespace}-{Pod.Name}");
    }

    /// <inheritdoc />
    public void Dispose()
    {
        Remove();
        _server.Dispose();
    }
}
