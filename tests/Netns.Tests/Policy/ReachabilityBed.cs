using System.Diagnostics;
using System.Text.Json;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Policy;

/// <summary>
/// Nine pods in three namespaces over two nodes, a service in front of each, a server in each on TCP and UDP 80 and 81;
/// and the question who reaches whom: every pod and both nodes try every pod on every port, and by its service.
/// </summary>
public abstract class ReachabilityBed(NodeKind kind) : IDisposable
{
    private const double ProbeTimeout = 0.7; // seconds
    private const int ServicePort = 8000;    // leads to port 80 of the pod
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(5);
    private static readonly int[] Ports = [80, 81];

    private readonly List<Probe> _probes = [];
    private readonly Dictionary<ClusterPod, ClusterService> _services = [];
    private Cluster? _cluster;
    private Exception? _failure;

    /// <summary>The cluster; the first call starts it.</summary>
    public Cluster Cluster
    {
        get
        {
            if (_failure is not null)
                throw new CommandException("the cluster did not start for the first test of this class: " + _failure.Message, _failure);
            try
            {
                return _cluster ??= Start();
            }
            catch (Exception failure)
            {
                _failure = failure;
                throw;
            }
        }
    }

    /// <summary>The pod with a full name, "x/a".</summary>
    public ClusterPod Pod(string fullName) => Cluster.Pods.Single(pod => pod.FullName == fullName);

    /// <summary>Makes these the only policies there are, as kubectl apply and delete would.</summary>
    public void OnlyPolicies(params NetworkPolicyText[] policies)
    {
        foreach (NetworkPolicyText policy in policies)
            Cluster.Manifests.Apply(FileName(policy), Addresses(policy.ToString()));
        foreach (string file in Directory.GetFiles(Cluster.Manifests.Path, "policy-*.yaml").Select(path => Path.GetFileNameWithoutExtension(path)!))
        {
            if (!policies.Any(policy => FileName(policy) == file))
                Cluster.Manifests.Delete(file);
        }
    }

    /// <summary>
    /// Probes everything until it is as expected, at most five seconds, and then once more. Expectations cover what
    /// policy decides; that a pod reaches itself (P24) and a node its own pods (P23) holds always and is added here.
    /// </summary>
    /// <param name="allowed">What policy allows.</param>
    /// <param name="gone">A pod whose object is gone: nothing reaches it or comes from it, whatever else is allowed.</param>
    public void MustBecome(Func<Probe, bool> allowed, string gone = "")
    {
        var clock = Stopwatch.StartNew();
        string difference = Difference(allowed, gone);
        while (difference.Length > 0 && clock.Elapsed < Bound)
            difference = Difference(allowed, gone);
        if (difference.Length == 0)
            difference = Difference(allowed, gone);
        if (difference.Length > 0)
            Assert.Fail($"after {clock.Elapsed.TotalSeconds:0.0} s:\n{difference}\n{Cluster.Log()}");
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _cluster?.Dispose();
        GC.SuppressFinalize(this);
    }

    private static string FileName(NetworkPolicyText policy) => $"policy-{policy.Namespace}-{policy.Name}";

    private string Addresses(string yaml)
    {
        foreach (ClusterPod pod in Cluster.Pods)
            yaml = yaml.Replace("$" + pod.FullName, pod.Address, StringComparison.Ordinal);
        foreach (ClusterNode node in Cluster.Nodes)
            yaml = yaml.Replace("$" + node.Name, node.HostPortAddress, StringComparison.Ordinal);
        return yaml;
    }

    private string Difference(Func<Probe, bool> allowed, string gone)
    {
        string?[] answers = JsonSerializer.Deserialize<string?[]>(
            Command.Run(Installed.Python, Installed.TestFile("Traffic/reachability.py"), "probe", PlanFile).Output)!;
        var wrong = new List<string>();
        for (int i = 0; i < _probes.Count; i++)
        {
            Probe probe = _probes[i];
            bool reaches = probe.From == gone || probe.To == gone
                ? probe.From == probe.To && !probe.ViaService // over its own loopback
                : AlwaysAllowed(probe) || allowed(probe);
            string? expected = reaches ? probe.To : null;
            if (answers[i] != expected)
                wrong.Add($"{probe}: {answers[i] ?? "no answer"}, but must be {(expected is null ? "dropped" : "allowed")}");
        }
        return wrong.Count == 0 ? "" : $"{wrong.Count} of {_probes.Count} probes differ\n{string.Join('\n', wrong.Take(25))}";
    }

    private bool AlwaysAllowed(Probe probe) => probe.From == probe.To || probe.From == Pod(probe.To).Node.Name;

    private string PlanFile => Path.Combine(Cluster.Topology.Folder, "probes.json");

    private Cluster Start()
    {
        Cluster cluster = Cluster.Start(kind, kind);
        try
        {
            int number = 0;
            foreach (string ns in (string[])["x", "y", "z"])
            {
                cluster.Manifests.ApplyNamespace(ns, new Dictionary<string, string> { ["ns"] = ns });
                foreach (string name in (string[])["a", "b", "c"])
                    AddPod(cluster, cluster.Nodes[number++ % 2], ns, name);
            }
            cluster.WaitUntilPodsReady();
            _cluster = cluster;
            WritePlan(cluster);
            BackgroundProcess servers = cluster.Topology.Own(
                BackgroundProcess.Start(Installed.Python, Installed.TestFile("Traffic/reachability.py"), "serve", PlanFile));
            servers.WaitForOutput("serving", TimeSpan.FromSeconds(10));
            return cluster;
        }
        catch (Exception failure)
        {
            string log = cluster.Log();
            _cluster = null;
            cluster.Dispose();
            throw new CommandException($"{failure.Message}\n{log}", failure);
        }
    }

    private void AddPod(Cluster cluster, ClusterNode node, string ns, string name)
    {
        // "alias" is another number in every second pod (P16).
        ContainerPort[] ports =
        [
            new("serve-80-tcp", "TCP", 80), new("serve-81-tcp", "TCP", 81), new("serve-80-udp", "UDP", 80), new("serve-81-udp", "UDP", 81),
            new("alias", "TCP", name == "b" ? 81 : 80),
        ];
        ClusterPod pod = cluster.AddPod(node, ns, name, new Dictionary<string, string> { ["pod"] = name }, ports);
        _services[pod] = cluster.AddService($"{ns}-{name}", [pod], new ClusterServicePort("web", "TCP", ServicePort, 80));
    }

    private void WritePlan(Cluster cluster)
    {
        var clients = cluster.Pods.Select(pod => (Name: pod.FullName, pod.Net)).Concat(cluster.Nodes.Select(node => (node.Name, node.Net))).ToList();
        var probes = new List<object>();
        foreach ((string client, _) in clients)
        {
            foreach (ClusterPod pod in cluster.Pods)
            {
                foreach (int port in Ports)
                {
                    foreach (string protocol in (string[])["TCP", "UDP"])
                    {
                        _probes.Add(new Probe(client, pod.FullName, protocol, port, ViaService: false));
                        probes.Add(new { client, address = pod.Address, protocol, port });
                    }
                }
                _probes.Add(new Probe(client, pod.FullName, "TCP", 80, ViaService: true));
                probes.Add(new { client, address = _services[pod].ClusterIp, protocol = "TCP", port = ServicePort });
            }
        }
        File.WriteAllText(PlanFile, JsonSerializer.Serialize(new
        {
            servers = cluster.Pods.Select(pod => new { name = pod.FullName, netns = pod.Net.Path, ports = Ports }),
            clients = clients.Select(client => new { name = client.Name, netns = client.Net.Path }),
            probes,
            timeout = ProbeTimeout,
        }));
    }
}
