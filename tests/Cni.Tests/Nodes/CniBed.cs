using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Dataplane.Testing.Cni;
using Xunit;

namespace Dataplane.Cni.Tests.Nodes;

/// <summary>A node of ours whose pods a runtime makes by our plugin and the real host-local, and what could leak there.</summary>
public sealed class CniBed : IDisposable
{
    private const string StandardPlugins = "/usr/lib/cni";
    private readonly string _data;
    private int _containers;

    /// <summary>Starts the node, and another one that is plain Linux.</summary>
    public CniBed() : this(dualStack: false) { }

    private CniBed(bool dualStack)
    {
        Cluster = dualStack ? Cluster.StartDualStack() : Cluster.Start(NodeKind.Dataplane, NodeKind.Kernel);
        _data = Path.Combine(Cluster.Topology.Folder, "host-local");
        Runtime = NewRuntime();
    }

    /// <summary>A bed with both families.</summary>
    public static CniBed DualStack() => new(dualStack: true);

    /// <summary>The nodes.</summary>
    public Cluster Cluster { get; }

    /// <summary>The one whose pods these are.</summary>
    public DataplaneNode Node => (DataplaneNode)Cluster.Nodes[0];

    /// <summary>A runtime with <see cref="NewRuntime"/>'s defaults.</summary>
    internal CniRuntime Runtime { get; }

    /// <summary>A runtime with a list of our plugin, changed by a test.</summary>
    internal CniRuntime NewRuntime(Action<JsonObject>? change = null, params JsonObject[] others)
    {
        var ours = new JsonObject
        {
            ["type"] = "dataplane-cni",
            ["control"] = Node.Control,
            ["ipam"] = new JsonObject { ["type"] = "host-local", ["dataDir"] = _data },
        };
        change?.Invoke(ours);
        var list = new JsonObject { ["cniVersion"] = "1.1.0", ["name"] = "pods", ["plugins"] = new JsonArray([ours, .. others]) };
        return new CniRuntime(Node.Net, list, Path.GetDirectoryName(Installed.Cni)!, StandardPlugins);
    }

    /// <summary>A container of a pod, in a network namespace of its own, or in that of another.</summary>
    internal Container NewContainer(string pod, NetworkNamespace? net = null) =>
        new($"c{Interlocked.Increment(ref _containers):x8}", pod, net ?? Cluster.Topology.AddNamespace($"{pod}-{_containers}"));

    /// <summary>Makes the pod known to the agent, without an address, as it is in the API before its ADD.</summary>
    /// <param name="pod">Its name.</param>
    /// <param name="ports">Ports of its container, in YAML.</param>
    /// <param name="address">status.podIP, once it has one.</param>
    /// <param name="uid">metadata.uid.</param>
    internal void ApplyPod(string pod, string ports = "", string address = "", string uid = "") =>
        Cluster.Manifests.Apply($"pod-default-{pod}", $$"""
            apiVersion: v1
            kind: Pod
            metadata:
              namespace: default
              name: {{pod}}
              uid: "{{uid}}"
              labels: {app: {{pod}}}
            spec:
              nodeName: {{Node.Name}}
              containers:
              - name: main
                ports: [{{ports}}]
            status:
              phase: {{(address.Length > 0 ? $"Running\n  podIP: {address}\n  podIPs: [{{ip: {address}}}]" : "Pending")}}
            """);

    /// <summary>The state of a pod's endpoint, or null when it is not attached.</summary>
    internal string? StateOf(string pod) =>
        Endpoints().FirstOrDefault(e => e.GetProperty("pod").GetString() == pod) is { ValueKind: JsonValueKind.Object } entry ? entry.GetProperty("state").GetString() : null;

    /// <summary>Addresses that host-local has given away, sorted.</summary>
    internal IReadOnlyList<string> Reserved() =>
        Directory.Exists(Path.Combine(_data, "pods"))
            ? [.. Directory.GetFiles(Path.Combine(_data, "pods")).Select(path => Path.GetFileName(path)!).Where(name => name != "lock" && !name.StartsWith("last_reserved_ip", StringComparison.Ordinal)).Order(StringComparer.Ordinal)]
            : [];

    /// <summary>Interfaces of pods on the node.</summary>
    internal IReadOnlyList<string> Veths()
    {
        using var links = JsonDocument.Parse(Node.Net.Run("ip", "-j", "link", "show").Output);
        return [.. links.RootElement.EnumerateArray().Select(link => link.GetProperty("ifname").GetString()!).Where(IsPodVeth)];
    }

    /// <summary>Asserts that nothing of any pod is left: endpoint, veth, address, or a descriptor of a network namespace.</summary>
    /// <param name="namespaceDescriptors">How many of the latter the dataplane had at the start.</param>
    internal void AssertNothingIsLeft(int namespaceDescriptors)
    {
        Assert.Empty(Endpoints());
        Assert.Empty(Veths());
        Assert.Empty(Reserved());
        Assert.Equal(namespaceDescriptors, NamespaceDescriptors());
        Assert.Null(Node.FrameLeak());
    }

    /// <summary>Descriptors of network namespaces that the dataplane holds.</summary>
    internal int NamespaceDescriptors() => Directory.GetFiles($"/proc/{Node.Dataplane!.Id.ToString(CultureInfo.InvariantCulture)}/fd")
        .Count(path => LinkOf(path).Contains("net:[", StringComparison.Ordinal));

    /// <inheritdoc/>
    public void Dispose() => Cluster.Dispose();

    private static string LinkOf(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: false)?.FullName ?? "";
        }
        catch (FileNotFoundException)
        {
            return ""; // closed meanwhile
        }
    }

    private static bool IsPodVeth(string name) => name.StartsWith("dp", StringComparison.Ordinal) && !name.StartsWith("dp-", StringComparison.Ordinal);

    private List<JsonElement> Endpoints()
    {
        using var endpoints = JsonDocument.Parse(Node.Dpctl("endpoint", "list", "-o", "json"));
        return [.. endpoints.RootElement.EnumerateArray().Select(e => e.Clone())];
    }
}
