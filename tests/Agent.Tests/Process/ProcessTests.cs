using System.Text.Json;
using Dataplane.Agent.Tests.ApiServer;
using Dataplane.Agent.Tests.Clusters;
using Dataplane.Agent.Tests.Manifests;
using Dataplane.Agent.Tests.Services;
using Dataplane.Testing;

namespace Dataplane.Agent.Tests.Process;

/// <summary>The dataplane-agent program itself: a directory in, calls on a real socket out.</summary>
public sealed class ProcessTests : AsyncDisposableTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "dataplane-agent");

    private readonly TemporaryDirectory _manifests = new();
    private readonly TemporaryDirectory _run = new();
    private readonly ServedControl _served;

    public ProcessTests() => _served = new ServedControl(_run["c.sock"]);

    private string[] Run => ["run", "--node-name", "n1", "--manifests", _manifests.Path, "--control", $"unix://{_run["c.sock"]}", "--healthz-listen", "off"];

    public override async ValueTask DisposeAsync()
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
    public async Task F6_follows_an_API_server_and_stays_ready_without_it()
    {
        await using var server = new FakeApiServer { Token = "t" };
        server.Put(Grid.Text);
        await server.StartAsync();
        _run.Write("ca.crt", server.Authority.Pem);
        // The address in the file leads nowhere: the one of the option counts (K37).
        _run.Write("config", """
            current-context: x
            contexts: [{name: x, context: {cluster: c, user: u}}]
            clusters: [{name: c, cluster: {server: "https://192.0.2.1", certificate-authority: ca.crt}}]
            users: [{name: u, user: {token: t}}]
            """);
        var port = FreePort();
        await _served.StartAsync();
        using var agent = BackgroundProcess.Start(Program, [
            "run", "--node-name", "n1", "--kubeconfig", _run["config"], "--api-server", server.Address, "--control", $"unix://{_run["c.sock"]}",
            "--healthz-listen", "off", "--metrics-listen", $"127.0.0.1:{port}"]);
        Assert.Equal("sync 1", await _served.Control.NextAsync());
        Assert.True(_served.Control.State.Workloads.Count is > 0 and < 9);
        await FollowedServer.WaitAsync(() => server.Watches("networkpolicies") == 1, "watch");
        server.Put(Yaml.Policy("x", "deny", "podSelector: {}"));
        Assert.Equal("update 2", await _served.Control.NextAsync());
        Assert.Equal(2, _served.Control.State.Policies.Count);
        agent.WaitForOutput("generation 2 updated: ", Patience);
        using var http = new HttpClient { BaseAddress = new Uri($"http://localhost:{port}") };
        Assert.Equal("ok\n", await http.GetStringAsync("/readyz"));
        var metrics = await http.GetStringAsync("/metrics");
        string[] expected =
        [
            "dataplane_agent_objects{kind=\"Pod\"} 9\n", "dataplane_agent_api_lists_total{kind=\"Pod\"} 1\n", "dataplane_agent_api_watches_total{kind=\"Pod\"} 1\n",
            "dataplane_agent_api_relists_total{kind=\"Pod\"} 0\n", "dataplane_agent_api_failures_total{kind=\"Pod\"} 0\n", "dataplane_agent_api_watching{kind=\"Pod\"} 1\n",
            "dataplane_agent_api_events_total{kind=\"NetworkPolicy\"} 1\n", "dataplane_agent_api_unreadable_objects{kind=\"NetworkPolicy\"} 0\n",
            "dataplane_agent_api_stale 0\n",
        ];
        Assert.All(expected, line => Assert.Contains(line, metrics, StringComparison.Ordinal));
        Assert.Matches("""dataplane_agent_api_last_event_age_seconds\{kind="Pod"\} \d""", metrics);

        await server.StopAsync();
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var ready = "";
        while (!(ready = await http.GetStringAsync("/readyz")).Contains("stale", StringComparison.Ordinal))
        {
            Assert.True(clock.Elapsed < Patience, "never stale");
            await Task.Delay(100);
        }
        Assert.Equal("ok (stale: the API server is not followed for EndpointSlice, Namespace, NetworkPolicy, Node, Pod, Service)\n", ready);
        Assert.Contains("dataplane_agent_api_stale 1\n", await http.GetStringAsync("/metrics"), StringComparison.Ordinal);
        Assert.True(_served.Control.IsQuiet);
        agent.Signal("TERM");
        Assert.Equal(0, agent.WaitForExit(Patience));
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

    [Fact]
    public async Task K33_serves_what_kube_proxy_serves()
    {
        _manifests.Write("cluster.yaml", Grid.Text + ServiceYaml.Service("type: NodePort, externalTrafficPolicy: Local, ports: [{port: 80, nodePort: 30080}]")
            + ServiceYaml.Slice("{addresses: [10.244.2.5], nodeName: n2}"));
        int port = FreePort(), metrics = FreePort();
        await _served.StartAsync();
        using var agent = BackgroundProcess.Start(Program, [
            "run", "--node-name", "n1", "--manifests", _manifests.Path, "--control", $"unix://{_run["c.sock"]}",
            "--healthz-listen", $"127.0.0.1:{port}", "--metrics-listen", $"127.0.0.1:{metrics}", "--service-proxy-name", "", "--disable-external-ips"]);
        agent.WaitForOutput("synced", Patience);
        using var http = new HttpClient();
        using var health = await http.GetAsync($"http://127.0.0.1:{port}/healthz");
        Assert.Equal(200, (int)health.StatusCode);
        Assert.Equal("nosniff", Assert.Single(health.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("application/json", health.Content.Headers.ContentType?.MediaType);
        Assert.Matches("""^\{"lastUpdated": "[^"]+ \+0000 UTC","currentTime": "[^"]+ \+0000 UTC", "nodeEligible": true\}$""", await health.Content.ReadAsStringAsync());
        Assert.Matches("""^\{"lastUpdated": "[^"]+","currentTime": "[^"]+"\}$""", await http.GetStringAsync($"http://127.0.0.1:{port}/livez"));
        Assert.Equal("dataplane", await http.GetStringAsync($"http://127.0.0.1:{metrics}/proxyMode"));
        using var options = JsonDocument.Parse(await http.GetStringAsync($"http://127.0.0.1:{metrics}/configz"));
        var found = options.RootElement.GetProperty("dataplane-agent");
        Assert.Equal("n1", found.GetProperty("nodeName").GetString());
        Assert.True(found.GetProperty("disableExternalIPs").GetBoolean());

        var text = await http.GetStringAsync($"http://127.0.0.1:{metrics}/metrics");
        string[] expected =
        [
            "kubeproxy_sync_proxy_rules_duration_seconds_bucket{ip_family=\"IPv4\",le=\"0.001\"} ",
            "kubeproxy_sync_proxy_rules_duration_seconds_bucket{ip_family=\"IPv4\",le=\"16.384\"} 1\n",
            "kubeproxy_sync_proxy_rules_duration_seconds_bucket{ip_family=\"IPv4\",le=\"+Inf\"} 1\n",
            "kubeproxy_sync_proxy_rules_duration_seconds_count{ip_family=\"IPv4\"} 1\n",
            "kubeproxy_sync_full_proxy_rules_duration_seconds_count{ip_family=\"IPv4\"} 1\n",
            "kubeproxy_sync_proxy_rules_sync_failures_total{ip_family=\"IPv4\"} 0\n",
            "kubeproxy_sync_proxy_rules_service_changes_total 1\n",
            "kubeproxy_sync_proxy_rules_endpoint_changes_total 1\n",
            "kubeproxy_sync_proxy_rules_endpoint_changes_pending 0\n",
            "kubeproxy_sync_proxy_rules_no_local_endpoints_total{ip_family=\"IPv4\",traffic_policy=\"internal\"} 0\n",
            "kubeproxy_sync_proxy_rules_no_local_endpoints_total{ip_family=\"IPv4\",traffic_policy=\"external\"} 1\n",
            "kubeproxy_network_programming_duration_seconds_bucket{ip_family=\"IPv4\",le=\"0.25\"} 0\n",
            "kubeproxy_proxy_healthz_total{code=\"200\"} 1\n",
            "kubeproxy_proxy_livez_total{code=\"200\"} 1\n",
            "process_start_time_seconds 1",
        ];
        Assert.All(expected, line => Assert.Contains(line, text, StringComparison.Ordinal));

        // The node is to go: balancers are told.
        _manifests.Replace("cluster.yaml", Grid.Text.Replace("name: n1}", "name: n1, deletionTimestamp: '2026-01-01T00:00:00Z'}", StringComparison.Ordinal));
        agent.WaitForOutput("generation 2 updated", Patience);
        Assert.Equal(503, (int)(await http.GetAsync($"http://127.0.0.1:{port}/healthz")).StatusCode);
        Assert.Equal(200, (int)(await http.GetAsync($"http://127.0.0.1:{port}/livez")).StatusCode);
        agent.Signal("TERM");
        Assert.Equal(0, agent.WaitForExit(Patience));
    }

    [Fact]
    public async Task K33_a_health_port_that_is_taken_is_no_reason_to_stop()
    {
        using var other = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        other.Start();
        var port = ((System.Net.IPEndPoint)other.LocalEndpoint).Port;
        await _served.StartAsync();
        using var agent = BackgroundProcess.Start(Program, [.. Run[..^2], "--healthz-listen", $"127.0.0.1:{port}"]);
        agent.WaitForOutput($"--healthz-listen 127.0.0.1:{port}: cannot listen: ", Patience);
        Assert.Equal("sync 1", await _served.Control.NextAsync());
        agent.Signal("TERM");
        Assert.Equal(0, agent.WaitForExit(Patience));
    }

    [Theory]
    [InlineData("Option '--node-name' is required", "run", "--manifests", "/tmp")]
    [InlineData("no source of objects; give --manifests DIR, --kubeconfig FILE or --in-cluster", "run", "--node-name", "n")]
    [InlineData("no API server; give --kubeconfig FILE or --in-cluster", "node-options", "--node-name", "n")]
    [InlineData("usage: dataplane-agent node-options --node-name NAME (--kubeconfig FILE | --in-cluster)", "node-options", "--node-name", "n", "--manifests", "x")]
    [InlineData("--manifests /no/such: no such directory; make it, or give another", "run", "--node-name", "n", "--manifests", "/no/such")]
    [InlineData("--control: 'tcp://x' is not a control address", "run", "--node-name", "n", "--manifests", "/tmp", "--control", "tcp://x")]
    [InlineData("--kubeconfig /no/such: Could not find", "run", "--node-name", "n", "--kubeconfig", "/no/such")]
    [InlineData("--in-cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: this is not a pod; give for example --api-server", "run", "--node-name", "n", "--in-cluster")]
    [InlineData("--api-server 10.0.0.1: not the address of an API server; give for example https://192.168.0.10:6443", "run", "--node-name", "n", "--in-cluster", "--api-server", "10.0.0.1")]
    [InlineData("--api-server https://10.0.0.1: a directory of manifests has no API server; give --kubeconfig FILE or --in-cluster in place of --manifests", "run", "--node-name", "n", "--manifests", "/tmp", "--api-server", "https://10.0.0.1")]
    [InlineData("--manifests, --kubeconfig and --in-cluster exclude each other", "run", "--node-name", "n", "--in-cluster", "--manifests", "/tmp")]
    [InlineData("--metrics-listen here: not an address and port", "run", "--node-name", "n", "--manifests", "/tmp", "--metrics-listen", "here")]
    [InlineData("--healthz-listen 10256: not an address and port; give for example 0.0.0.0:10256, or off", "run", "--node-name", "n", "--manifests", "/tmp", "--healthz-listen", "10256")]
    [InlineData("--service-proxy-name a b: not a label value", "run", "--node-name", "n", "--manifests", "/tmp", "--service-proxy-name", "a b")]
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
