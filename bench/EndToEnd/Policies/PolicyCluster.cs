using System.Diagnostics;
using System.Globalization;
using System.Text;
using Dataplane.Bench.EndToEnd.Paths;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;

namespace Dataplane.Bench.EndToEnd.Policies;

/// <summary>
/// One node of ours among many pods and policies, with a client and a server that are real. The policy "flip" lets the client in or not. As many
/// pods as a kubelet takes are this node's, so that their policies are the dataplane's too; the others only are peers.
/// </summary>
internal sealed class PolicyCluster
{
    private const string Space = "policies";
    private const int LocalPods = 110, Groups = 100, ObjectsPerFile = 100, Port = 9000;

    // An attempt that gets no answer is given up after this, ms: short, because the next one is what is waited for.
    private const int Patience = 20;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);
    private readonly Cluster _cluster;
    private readonly ClusterPod _client, _server;
    private readonly BackgroundProcess _watch;

    public PolicyCluster(BenchScope scope, int policies, int pods)
    {
        _cluster = scope.Own(Cluster.Start(NodeKind.Dataplane, NodeKind.Kernel));
        Node = (DataplaneNode)_cluster.Nodes[0];
        _client = _cluster.AddPod(Node, Space, "client");
        _server = _cluster.AddPod(Node, Space, "server");
        Flip(allowed: true);
        _cluster.WaitUntilPodsReady();
        scope.StartServer("server", _server.Net, Environment.ProcessPath!, "hold-serve", Number(Port), "1").Process.WaitForOutput("ready", s_patience);
        Write("pods", pods - 2, Pod);
        Write("policies", policies - 1, Policy);
        WaitUntilSettled(scope, pods);
        _watch = scope.StartServer("watch", _client.Net, Environment.ProcessPath!, "backend-watch", _server.Address, Number(Port), Number(Patience)).Process;
        WaitFor("backend ", 0);
    }

    /// <summary>The node that is measured.</summary>
    public DataplaneNode Node { get; }

    /// <summary>What the dataplane has then: addresses and prefixes, identities, and lists of rules.</summary>
    public (double Addresses, double Identities, double Lists) Tables { get; private set; }

    /// <summary>The client's namespace, and where the server is.</summary>
    public (NetworkNamespace Client, string Address, int Port) Connection => (_client.Net, _server.Address, Port);

    /// <summary>Changes the policy, and waits for the first new connection that shows it; milliseconds from the file's renaming into place.</summary>
    public double Change(bool allowed)
    {
        var began = Scale.ScaleCluster.Now;
        Flip(allowed);
        // A failed attempt is printed when it is given up; it began that much earlier.
        return WaitFor(allowed ? "backend " : "refused ", began + (allowed ? 0 : Patience)) - began - (allowed ? 0 : Patience);
    }

    // All pods have an identity, and for two seconds nothing has been added to any table.
    private void WaitUntilSettled(BenchScope scope, int pods)
    {
        (double Addresses, double Identities, double Lists) last = default;
        var since = Stopwatch.StartNew();
        scope.WaitUntil($"{pods} pods and their policies", s_patience, new NamedProcess("agent", Node.Agent!), () =>
        {
            var page = NodePages.Dataplane(Node);
            var now = (page["dataplane_ipcache_entries"], page["dataplane_identities"], page["dataplane_policies"]);
            if (now != last)
                (last, since) = (now, Stopwatch.StartNew());
            return last.Addresses >= pods && since.Elapsed > TimeSpan.FromSeconds(2);
        });
        Tables = (last.Addresses, last.Identities, last.Lists);
    }

    private void Flip(bool allowed) => _cluster.Manifests.Apply("policy-flip", $$$"""
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {namespace: {{{Space}}}, name: flip}
        spec:
          podSelector: {matchLabels: {app: server}}
          policyTypes: [Ingress]
          ingress: [{from: [{podSelector: {matchLabels: {app: {{{(allowed ? "client" : "nobody")}}} } } }]}]
        """);

    private double WaitFor(string start, double after)
    {
        double found = -1;
        _watch.WaitUntil(
            () =>
            {
                foreach (var line in _watch.Output.Split('\n').Where(line => line.StartsWith(start, StringComparison.Ordinal)))
                {
                    if (double.TryParse(line.AsSpan(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture, out found) && found >= after)
                        return true;
                }

                return false;
            },
            $"print \"{start}\"",
            s_patience);
        return found;
    }

    private void Write(string name, int count, Func<int, string> item)
    {
        foreach (var part in Enumerable.Range(0, count).Chunk(ObjectsPerFile))
            _cluster.Manifests.Apply($"{name}-{part[0]:D5}", part.Aggregate(new StringBuilder(), (text, number) => text.Append(item(number)).Append("\n---\n")).ToString());
    }

    private string Pod(int number) => $$$"""
        apiVersion: v1
        kind: Pod
        metadata: {namespace: {{{Space}}}, name: pod-{{{Number(number)}}}, labels: {group: "{{{Number(number % Groups)}}}", number: "{{{Number(number)}}}"}}
        spec: {nodeName: {{{(number < LocalPods ? Node.Name : "node-2")}}}, containers: [{name: main, ports: [{name: web, containerPort: 8080}]}]}
        status: {phase: Running, podIP: 10.244.{{{Number(64 + number / 250)}}}.{{{Number(1 + number % 250)}}}}
        """;

    // Each selects a tenth of a hundredth of the pods or so, and names a group of peers, a block and a named port.
    private string Policy(int number) => $$$"""
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {namespace: {{{Space}}}, name: policy-{{{Number(number)}}}}
        spec:
          podSelector: {matchLabels: {group: "{{{Number(number % Groups)}}}"}}
          policyTypes: [Ingress, Egress]
          ingress: [{from: [{podSelector: {matchLabels: {group: "{{{Number(number / Groups)}}}"} } }], ports: [{port: {{{Number(1000 + number)}}}}, {port: web}]}]
          egress: [{to: [{podSelector: {matchLabels: {group: "{{{Number((number + 1) % Groups)}}}"} } }, {ipBlock: {cidr: 192.0.{{{Number(number % 250)}}}.0/24, except: [192.0.{{{Number(number % 250)}}}.128/25]}}]}]
        """;

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
