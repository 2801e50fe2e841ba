using System.Globalization;
using Dataplane.Bench.EndToEnd.Namespaces;
using Dataplane.Bench.EndToEnd.Shell;

namespace Dataplane.Bench.EndToEnd.Paths;

/// <summary>Whose packets: from which pod to which services.</summary>
public sealed record Journey(string Label, NetworkNamespace Client, NetworkNamespace Server, string StreamAddress, string WebAddress);

/// <summary>
/// One contender: the cluster of <see cref="BenchPlan"/> in namespaces of its own, carried by the kernel or by our dataplane.
/// Building connects the pods; the servers in them are the same programs for every contender.
/// </summary>
public abstract class TrafficPath(string name, RunScope scope)
{
    private readonly Dictionary<string, NetworkNamespace> _pods = [];

    /// <summary>Short name in the tables.</summary>
    public string Name { get; } = name;

    /// <summary>Processes that carry packets or program tables; empty when the kernel does it.</summary>
    public virtual IReadOnlyList<BackgroundProcess> DataplaneProcesses => [];

    /// <summary>Seconds from handing over the services until the programs that install them were done.</summary>
    public double ProgrammingSeconds { get; protected set; }

    /// <summary>The namespaces, configuration directory and processes of this run.</summary>
    protected RunScope Scope { get; } = scope;

    /// <summary>Namespaces of the pods by name.</summary>
    protected IReadOnlyDictionary<string, NetworkNamespace> Pods => _pods;

    /// <summary>Pod to ClusterIP to pod on one node, and across two.</summary>
    public Journey Journey(bool remote)
    {
        var (client, server, kind) = remote ? ("c2", "s2a", "remote") : ("c1", "s1a", "local");
        string Address(string service) => BenchPlan.Services.Single(s => s.Name == $"{service}-{kind}").ClusterIp;
        return new Journey(remote ? "two nodes, VXLAN" : "one node", _pods[client], _pods[server], Address("stream"), Address("web"));
    }

    /// <summary>Builds the cluster, starts the servers and waits until every service answers.</summary>
    public async Task BuildAsync(int dummyServices, CancellationToken cancel)
    {
        foreach (var pod in BenchPlan.Pods)
        {
            var space = await Scope.NamespaceAsync($"{Name}-{pod.Name}", cancel);
            // Room for a connection per request: the default range ends after 28,000 tuples in TIME_WAIT.
            await space.SysctlAsync(cancel, "net.ipv4.ip_local_port_range=1024 65000");
            _pods[pod.Name] = space;
        }

        await ConnectAsync(BenchPlan.WithDummies(dummyServices), cancel);
        foreach (var pod in BenchPlan.Pods.Where(p => p.Name.StartsWith('s')))
        {
            StartServers(pod.Name, _pods[pod.Name]);
        }

        foreach (var remote in (bool[])[false, true])
        {
            var journey = Journey(remote);
            await ProbeAsync(journey, journey.WebAddress, 80, cancel);
            await ProbeAsync(journey, journey.StreamAddress, BenchPlan.StreamPort, cancel);
            await ProbeAsync(journey, journey.StreamAddress, BenchPlan.EchoPort, cancel);
        }
    }

    /// <summary>Empties the connection tables, so that no measurement starts with what the one before left in TIME_WAIT.</summary>
    public abstract Task ForgetFlowsAsync(CancellationToken cancel);

    /// <summary>Makes nodes, links, routes and services, and connects the pods' namespaces, which exist.</summary>
    protected abstract Task ConnectAsync(IReadOnlyList<BenchService> services, CancellationToken cancel);

    /// <summary>Two node namespaces joined by a veth "up0" of MTU 1500 with the nodes' addresses.</summary>
    protected async Task<NetworkNamespace[]> MakeNodesAsync(CancellationToken cancel)
    {
        NetworkNamespace[] nodes = [await Scope.NamespaceAsync($"{Name}-n1", cancel), await Scope.NamespaceAsync($"{Name}-n2", cancel)];
        await nodes[0].IpBatchAsync(cancel, $"link add up0 type veth peer name up0 netns {nodes[1].Name}");
        for (var i = 0; i < nodes.Length; i++)
        {
            await nodes[i].SysctlAsync(cancel, "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0");
            await nodes[i].IpBatchAsync(cancel, $"addr add {BenchPlan.NodeAddress(i + 1)}/24 dev up0", "link set up0 up");
        }

        return nodes;
    }

    /// <summary>The command line of one of our own tools (a verb of this very program).</summary>
    public static IEnumerable<string> Tool(params IEnumerable<string> arguments) => [Environment.ProcessPath!, .. arguments];

    private void StartServers(string pod, NetworkNamespace space)
    {
        var directory = Directory.CreateDirectory(Path.Combine(Scope.Directory, $"{Name}-{pod}")).FullName;
        var configuration = Path.Combine(directory, "nginx.conf");
        File.WriteAllText(configuration, NginxConfiguration(directory));
        Scope.Background($"nginx {pod}", space.Inside("nginx", "-e", "stderr", "-c", configuration));
        if (pod.EndsWith('a'))
        {
            Scope.Background($"iperf3 server {pod}", space.Inside("iperf3", "-s", "-p", BenchPlan.StreamPort.ToString(CultureInfo.InvariantCulture)));
            Scope.Background($"echo server {pod}", space.Inside(Tool("echo-serve", BenchPlan.EchoPort.ToString(CultureInfo.InvariantCulture))));
        }
    }

    private async Task ProbeAsync(Journey journey, string address, int port, CancellationToken cancel)
    {
        var probe = await Command.TryRunAsync(
            journey.Client.Inside(Tool("probe", address, port.ToString(CultureInfo.InvariantCulture), "20")), cancel);
        if (probe.ExitCode != 0)
        {
            foreach (var process in Scope.Processes)
            {
                process.ThrowIfExited();
            }

            throw new BenchException($"{Name}, {journey.Label}: {address}:{port} did not answer within 20 s: {Command.Tail(probe.Error)}\n{Describe()}");
        }
    }

    /// <summary>What helps to see why no traffic flows.</summary>
    protected virtual string Describe() => "";

    // One worker, a reply of 64 bytes from memory, connections without limit: nginx should not be what is measured.
    private static string NginxConfiguration(string directory) => $$"""
        daemon off; user root; worker_processes 1; pid {{directory}}/nginx.pid; error_log stderr crit;
        events { worker_connections 8192; }
        http {
          access_log off; keepalive_requests 1000000000; tcp_nodelay on;
          client_body_temp_path {{directory}}/body; proxy_temp_path {{directory}}/proxy; fastcgi_temp_path {{directory}}/fastcgi;
          uwsgi_temp_path {{directory}}/uwsgi; scgi_temp_path {{directory}}/scgi;
          server { listen {{BenchPlan.WebPort}} backlog=4096; location / { default_type text/plain; return 200 "{{new string('x', 63)}}\n"; } }
        }

        """;
}
