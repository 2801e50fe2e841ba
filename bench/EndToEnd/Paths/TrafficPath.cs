using Dataplane.Testing;

namespace Dataplane.Bench.EndToEnd.Paths;

/// <summary>Whose packets: from which pod to which services.</summary>
public sealed record Journey(string Label, NetworkNamespace Client, NetworkNamespace Server, string StreamAddress, string WebAddress);

/// <summary>
/// One contender: the cluster of <see cref="BenchPlan"/> in namespaces of its own, carried by the kernel or by our dataplane.
/// Building connects the pods; the servers in them are the same programs for every contender.
/// </summary>
public abstract class TrafficPath(string name, BenchScope scope)
{
    private readonly Dictionary<string, NetworkNamespace> _pods = [];

    /// <summary>Short name in the tables.</summary>
    public string Name { get; } = name;

    /// <summary>Processes that carry packets or program tables; empty when the kernel does it.</summary>
    public virtual IReadOnlyList<NamedProcess> DataplaneProcesses => [];

    /// <summary>Endpoints of all services together.</summary>
    public int Endpoints { get; private set; }

    /// <summary>Seconds from handing over the services until the programs that install them were done.</summary>
    public double ProgrammingSeconds { get; protected set; }

    /// <summary>The namespaces, configuration directory and processes of this run.</summary>
    protected BenchScope Scope { get; } = scope;

    /// <summary>Namespaces of the pods by name.</summary>
    protected IReadOnlyDictionary<string, NetworkNamespace> Pods => _pods;

    /// <summary>Pod to ClusterIP to pod on one node, and across two.</summary>
    public Journey Journey(bool remote)
    {
        var (client, server) = remote ? ("c2", "s2a") : ("c1", "s1a");
        string Address(ServiceKind kind) => BenchPlan.ServiceOf(kind, remote).ClusterIp;
        return new Journey(remote ? "two nodes, VXLAN" : "one node", _pods[client], _pods[server], Address(ServiceKind.Stream), Address(ServiceKind.Web));
    }

    /// <summary>Builds the cluster, starts the servers and waits until every called service answers.</summary>
    /// <param name="step">What is measured.</param>
    /// <param name="endpoints">Endpoints per service on average.</param>
    public void Build(BenchStep step, int endpoints)
    {
        var services = step.AllServices(endpoints);
        Endpoints = services.Sum(s => s.Backends.Count);
        Connect(services);
        // Room for a connection per request: the default range ends after 28,000 tuples in TIME_WAIT.
        foreach (var space in _pods.Values)
            space.Sysctl("net.ipv4.ip_local_port_range", "1024 65000");

        foreach (var pod in BenchPlan.Pods.Where(p => p.Name.StartsWith('s')))
            StartServers(pod.Name, _pods[pod.Name]);

        foreach (var remote in step.Journeys)
        {
            foreach (var service in step.Called.Where(s => s.Name.EndsWith(remote ? "remote" : "local", StringComparison.Ordinal)))
            {
                foreach (var port in service.Ports.Where(p => p.Protocol == "tcp"))
                    Probe(Journey(remote), service.ClusterIp, port.Port);
            }
        }
    }

    /// <summary>Empties the connection tables, so that no measurement starts with what the one before left in TIME_WAIT.</summary>
    public abstract void ForgetFlows();

    /// <summary>Makes nodes, links, routes, pods and services; calls <see cref="AddPod"/> for each pod.</summary>
    protected abstract void Connect(IReadOnlyList<BenchService> services);

    /// <summary>Notes the namespace of a pod.</summary>
    protected void AddPod(string name, NetworkNamespace space) => _pods.Add(name, space);

    private void StartServers(string pod, NetworkNamespace space)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Scope.Folder, $"{Name}-{pod}")).FullName;
        var configuration = Path.Combine(folder, "nginx.conf");
        File.WriteAllText(configuration, NginxConfiguration(folder));
        Scope.StartServer($"nginx {pod}", space, "nginx", "-e", "stderr", "-c", configuration);
        if (pod.EndsWith('a'))
        {
            Scope.StartServer($"iperf3 server {pod}", space, "iperf3", "-s", "-p", $"{BenchPlan.StreamPort}");
            Scope.StartServer($"echo server {pod}", space, Environment.ProcessPath!, "echo-serve", $"{BenchPlan.EchoPort}");
            Scope.StartServer($"byte server {pod}", space, Environment.ProcessPath!, "hold-serve", $"{BenchPlan.ConnectPort}", "1");
        }
    }

    private void Probe(Journey journey, string address, int port)
    {
        try
        {
            Scope.RunTool("probe", journey.Client, 20, (_, _) => { }, "probe", address, $"{port}", "20");
        }
        catch (BenchException e)
        {
            foreach (var server in Scope.Servers)
                server.ThrowIfExited();

            throw new BenchException($"{Name}, {journey.Label}: {address}:{port} does not answer: {e.Message}\n{Describe()}");
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
