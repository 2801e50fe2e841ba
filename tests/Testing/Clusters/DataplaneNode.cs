using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Dataplane.Testing.Clusters;

/// <summary>A node that runs our `dataplane` and `dataplane-agent`, as installed in artifacts/bin.</summary>
public sealed class DataplaneNode : ClusterNode
{
    /// <summary>Port of the agent's pages on the node's loopback.</summary>
    public const int AgentMetricsPort = 9963;

    private const int MetricsPort = 9962; // the default; each node has a loopback of its own
    private readonly string _folder;
    private readonly string _control;

    internal DataplaneNode(Cluster cluster, int number, int segment = 0) : base(cluster, number, segment)
    {
        Routing = cluster.Routing;
        _folder = Path.Combine(cluster.Topology.Folder, Name);
        _control = $"unix://{_folder}/control.sock";
        Directory.CreateDirectory(_folder);
    }

    /// <inheritdoc />
    public override NodeKind Kind => NodeKind.Dataplane;

    /// <summary>The `dataplane` process.</summary>
    public BackgroundProcess? Dataplane { get; private set; }

    /// <summary>The `dataplane-agent` process.</summary>
    public BackgroundProcess? Agent { get; private set; }

    /// <summary>Where the dataplane listens, as `control` of configurations takes it.</summary>
    public string Control => _control;

    /// <summary>Its `uplink`; read when the dataplane starts.</summary>
    public string Uplink { get; set; } = "eth0";

    /// <summary>Its `routing`, the cluster's unless a test says otherwise; read when the dataplane starts.</summary>
    public string Routing { get; set; }

    /// <summary>Options of `dataplane run` beside the usual ones; read when the node starts.</summary>
    public IReadOnlyList<string> Options { get; set; } = [];

    /// <summary>Options of `dataplane-agent run` beside the usual ones; read by <see cref="StartAgent"/>.</summary>
    public IReadOnlyList<string> AgentOptions { get; set; } = [];

    /// <summary>Runs dpctl against this node and returns its standard output.</summary>
    public string Dpctl(params string[] arguments) => TryDpctl(arguments).EnsureSuccess().Output;

    /// <summary>The same, and returns how it ended.</summary>
    public CommandResult TryDpctl(params string[] arguments) => Net.Try(Command.DefaultTimeout, Installed.Dpctl, ["--control", _control, .. arguments]);

    /// <summary>Starts a dpctl verb that streams (`observe`, `capture`); the caller disposes it.</summary>
    public BackgroundProcess StartDpctl(params string[] arguments) =>
        Net.Start(Installed.Dpctl, ["--control", _control, .. arguments]);

    /// <summary>The metrics page of `dataplane`.</summary>
    public string Metrics() => Page(MetricsPort, "metrics");

    /// <summary>A page of the agent: "metrics", "proxyMode", "configz".</summary>
    public string AgentPage(string name) => Page(AgentMetricsPort, name);

    /// <summary>Packets dropped so far for a reason.</summary>
    public long Drops(string reason) =>
        Metrics().Split('\n')
            .Where(line => line.StartsWith($"dataplane_drops_total{{reason=\"{reason}\"", StringComparison.Ordinal))
            .Sum(line => long.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    internal override void Start()
    {
        StartDataplane();
        StartAgent();
    }

    /// <summary>Starts the dataplane, again after its end; then it takes over the pods that are there.</summary>
    public void StartDataplane() =>
        Dataplane = Cluster.Topology.Own(Net.Start(Installed.Dataplane, ["run",
            "--node-name", Name, "--node-ip", Pair(Address, AddressV6), "--uplink", Uplink, "--pod-cidr", Pair(PodCidr, IPv6Plan.PodCidr(Number)),
            "--cluster-cidr", Pair(Cluster.ClusterCidr, IPv6Plan.ClusterCidr), "--service-cidr", Pair(Cluster.ServiceCidr, IPv6Plan.ServiceCidr),
            "--routing", Routing, "--control", _control, "--state-dir", _folder,
            "--metrics-listen", $"127.0.0.1:{MetricsPort}", .. Options]));

    /// <summary>Stops the dataplane as the kubelet does; it ends by itself.</summary>
    public void StopDataplane()
    {
        Dataplane!.Signal("TERM");
        int code = Dataplane.WaitForExit(TimeSpan.FromSeconds(30));
        if (code != 0)
            throw new CommandException($"{Name}: the dataplane ended with {code}\n{Dataplane.Output}");
    }

    /// <summary>Stops the dataplane as the kubelet does, and starts another; returns when that serves all pods by what the agent sends it.</summary>
    /// <param name="meanwhile">Run in between.</param>
    public void ReplaceDataplane(Action? meanwhile = null)
    {
        StopDataplane();
        try
        {
            meanwhile?.Invoke();
        }
        finally
        {
            StartDataplane();
        }
        WaitUntilReady(TimeSpan.FromSeconds(30));
        WaitUntilPodsReady(TimeSpan.FromSeconds(30));
    }

    /// <summary>Deletes the note by which the next dataplane would take over a pod, as the CNI plugin does when the pod ends while none runs.</summary>
    public void ForgetPod(ClusterPod pod)
    {
        foreach (string note in Directory.GetFiles(Path.Combine(_folder, "control.sock.endpoints")).Where(note => File.ReadAllText(note).Contains($"\"{pod.Name}\"", StringComparison.Ordinal)))
            File.Delete(note);
    }

    /// <summary>Takes a pod's interface away, as the CNI plugin does when the pod ends. Its namespace and what runs there stay.</summary>
    public void Detach(ClusterPod pod) => Dpctl("endpoint", "delete", "--pod", pod.FullName);

    /// <summary>Starts the agent, again after its end.</summary>
    public void StartAgent() =>
        Agent = Cluster.Topology.Own(Net.Start(Installed.Agent, [
            "run", "--node-name", Name, "--control", _control, "--manifests", Cluster.Manifests.Path,
            "--metrics-listen", $"127.0.0.1:{AgentMetricsPort}", .. AgentOptions]));

    internal override void WaitUntilReady(TimeSpan timeout) =>
        Dataplane!.WaitUntil(() =>
        {
            if (Agent!.HasExited)
                throw new CommandException($"`{Agent.CommandLine}` ended\n{Agent.Output}");
            return Net.Try(Command.DefaultTimeout, "curl", "-sSf", "--max-time", "2", $"http://127.0.0.1:{MetricsPort}/readyz").Succeeded;
        }, "answer /readyz", timeout);

    internal override void WaitUntilPodsReady(TimeSpan timeout) =>
        Dataplane!.WaitUntil(() => ReadyEndpoints() == Pods.Count, "make all endpoints ready", timeout);

    internal override void AddService(ClusterService service) { } // from the manifests, like everything else

    /// <inheritdoc />
    protected override void Attach(ClusterPod pod) =>
        Dpctl("endpoint", "add", "--pod", pod.FullName, "--ip", Pair(pod.Address, pod.AddressV6), "--netns", pod.Net.Path);

    /// <inheritdoc />
    public override string? FrameLeak()
    {
        // Frames move between pool and rings while the last packets of a test are still on their way.
        var clock = Stopwatch.StartNew();
        while (true)
        {
            using JsonDocument status = JsonDocument.Parse(Dpctl("status", "-o", "json"));
            JsonElement frames = status.RootElement.GetProperty("frames");
            long total = Value(frames, "total");
            long found = Value(frames, "free") + Value(frames, "fill") + Value(frames, "receive") +
                Value(frames, "transmit") + Value(frames, "held");
            if (found == total && total > 0)
                return null;
            if (clock.Elapsed > TimeSpan.FromSeconds(5))
                return $"{Name}: {found} of {total} frames accounted for: {frames}";
            Thread.Sleep(200);
        }
    }

    /// <inheritdoc />
    public override string Log(int lines) =>
        $"--- {Name} dataplane\n{Tail(Dataplane, lines)}--- {Name} agent\n{Tail(Agent, lines)}" +
        (Dataplane is { HasExited: false } ? Dump("port", "list") + Dump("drops") : "");

    // For a message about a failure, which must not be hidden by another one.
    private string Dump(params string[] verb)
    {
        CommandResult dump = TryDpctl(verb);
        return $"--- {Name} dpctl {string.Join(' ', verb)}\n{dump.Output}{dump.Error}";
    }

    private string Pair(string v4, string? v6) => Cluster.DualStack ? $"{v4},{v6}" : v4;

    private string Page(int port, string name) => Net.Run("curl", "-sS", "--max-time", "5", $"http://127.0.0.1:{port}/{name}").Output;

    private int ReadyEndpoints()
    {
        using JsonDocument endpoints = JsonDocument.Parse(Dpctl("endpoint", "list", "-o", "json"));
        return endpoints.RootElement.EnumerateArray().Count(e => e.GetProperty("state").GetString() == "ready");
    }

    // Protobuf's JSON writes 64-bit numbers as strings.
    private static long Value(JsonElement parent, string name)
    {
        JsonElement value = parent.GetProperty(name);
        return value.ValueKind == JsonValueKind.String ? long.Parse(value.GetString()!, CultureInfo.InvariantCulture) : value.GetInt64();
    }

    private static string Tail(BackgroundProcess? process, int lines) =>
        process is null ? "(not started)\n" : string.Join('\n', process.Output.Split('\n').TakeLast(lines + 1));
}
