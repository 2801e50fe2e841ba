using Dataplane.Agent.Tests.Clusters;
using Dataplane.Agent.Tests.Manifests;
using Dataplane.Testing;

namespace Dataplane.Agent.Tests.Process;

/// <summary>The dataplane-agent program itself: a directory in, calls on a real socket out.</summary>
public sealed class ProcessTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "dataplane-agent");

    private readonly TemporaryDirectory _manifests = new();
    private readonly TemporaryDirectory _run = new();
    private readonly ServedControl _served;

    public ProcessTests() => _served = new ServedControl(_run["c.sock"]);

    private string[] Run => ["run", "--node-name", "n1", "--manifests", _manifests.Path, "--control", $"unix://{_run["c.sock"]}", "--healthz-listen", "off"];

    public async ValueTask DisposeAsync()
    {
        await _served.DisposeAsync();
        _manifests.Dispose();
        _run.Dispose();
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task Follows_the_directory_and_ends_on_a_signal(string signal)
    {
        _manifests.Write("cluster.yaml", Grid.Text);
        await _served.StartAsync();
        using var agent = BackgroundProcess.Start(Program, Run);
        Assert.Equal("sync 1", await _served.Control.NextAsync());
        var local = _served.Control.State.Workloads.Count;
        Assert.True(local is > 0 and < 9);
        _manifests.Replace("policy.yaml", Yaml.Policy("x", "deny", "podSelector: {}"));
        Assert.Equal("update 2", await _served.Control.NextAsync());
        Assert.Equal(local, _served.Control.State.Workloads.Count);
        Assert.Equal(2, _served.Control.State.Policies.Count);
        agent.WaitForOutput("generation 2 updated: ", Patience);
        agent.Signal(signal);
        Assert.Equal(0, agent.WaitForExit(Patience));
        Assert.Contains("stopped", agent.Output, StringComparison.Ordinal);
        // The dataplane keeps what it has (F1).
        Assert.True(_served.Control.IsQuiet);
    }

    [Fact]
    public async Task Survives_the_dataplane_and_feeds_its_successor()
    {
        _manifests.Write("cluster.yaml", Grid.Text);
        using var agent = BackgroundProcess.Start(Program, Run);
        agent.WaitForOutput("the dataplane does not answer", Patience);
        await _served.StartAsync();
        Assert.Equal("sync 1", await _served.Control.NextAsync());
        await _served.StopAsync();
        agent.WaitUntil(() => agent.Output.Split("does not answer").Length == 3, "notice the loss", Patience);
        _served.Control.Generation = 0;
        await _served.StartAsync();
        Assert.Equal("sync 2", await _served.Control.NextAsync());
    }

    [Fact]
    public async Task Serves_metrics_and_readiness()
    {
        _manifests.Write("cluster.yaml", Grid.Text);
        _manifests.Write("bad.yaml", "kind: [");
        var port = FreePort();
        using var agent = BackgroundProcess.Start(Program, [.. Run, "--metrics-listen", $"127.0.0.1:{port}"]);
        agent.WaitForOutput("does not answer", Patience);
        using var http = new HttpClient { BaseAddress = new Uri($"http://localhost:{port}") };
        Assert.Equal(503, (int)(await http.GetAsync("/readyz")).StatusCode);
        await _served.StartAsync();
        await _served.Control.NextAsync();
        agent.WaitForOutput("synced", Patience);
        Assert.Equal("ok\n", await http.GetStringAsync("/readyz"));
        Assert.Equal("ok\n", await http.GetStringAsync("/healthz"));
        Assert.Equal(404, (int)(await http.GetAsync("/")).StatusCode);
        var metrics = await http.GetStringAsync("/metrics");
        Assert.Contains("dataplane_agent_in_sync 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("dataplane_agent_objects{kind=\"Pod\"} 9\n", metrics, StringComparison.Ordinal);
        Assert.Contains($"dataplane_agent_manifest_errors{{file=\"{_manifests["bad.yaml"]}\"}} 1\n", metrics, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Option '--node-name' is required", "run", "--manifests", "/tmp")]
    [InlineData("no source of objects; give --manifests DIR", "run", "--node-name", "n")]
    [InlineData("--manifests /no/such: no such directory; make it, or give another", "run", "--node-name", "n", "--manifests", "/no/such")]
    [InlineData("--control: 'tcp://x' is not a control address", "run", "--node-name", "n", "--manifests", "/tmp", "--control", "tcp://x")]
    [InlineData("--kubeconfig f: reading from an API server is not in this version", "run", "--node-name", "n", "--kubeconfig", "f")]
    [InlineData("--in-cluster: reading from an API server is not in this version", "run", "--node-name", "n", "--in-cluster")]
    [InlineData("--manifests, --kubeconfig and --in-cluster exclude each other", "run", "--node-name", "n", "--in-cluster", "--manifests", "/tmp")]
    [InlineData("--metrics-listen here: not an address and port", "run", "--node-name", "n", "--manifests", "/tmp", "--metrics-listen", "here")]
    [InlineData("Unrecognized command or argument 'walk'", "walk")]
    public async Task Bad_usage_is_named_and_ends_with_2(string expected, params string[] args)
    {
        using var error = new StringWriter();
        Assert.Equal(2, await AgentCommand.RunAsync(args, TextWriter.Null, error, CancellationToken.None));
        Assert.Contains(expected, error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_command_it_asks_for_one()
    {
        using var error = new StringWriter();
        Assert.Equal(2, await AgentCommand.RunAsync([], TextWriter.Null, error, CancellationToken.None));
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }
}
