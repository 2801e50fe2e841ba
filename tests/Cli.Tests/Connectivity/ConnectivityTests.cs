using System.Text.RegularExpressions;
using System.Xml.Linq;
using Dataplane.Cli.Connectivity;
using Dataplane.Kubernetes;
using Xunit;

namespace Dataplane.Cli.Tests.Connectivity;

/// <summary>"dpctl connectivity test" against a played cluster: healthy, and broken in one way each.</summary>
public sealed class ConnectivityTests : IAsyncLifetime, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("connectivity-").FullName;
    private readonly StringWriter _output = new() { NewLine = "\n" };
    private readonly StringWriter _errors = new() { NewLine = "\n" };
    private FakeCluster _cluster = new();

    private string Report => Path.Combine(_folder, "report.xml");

    public Task InitializeAsync() => _cluster.StartAsync();

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    public void Dispose()
    {
        _output.Dispose();
        _errors.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task S46_AllScenariosPassOnAHealthyCluster()
    {
        Assert.True(await RunAsync() == 0, _output.ToString() + _errors);
        Assert.Equal("", _errors.ToString());
        Assert.Equal([.. ConnectivityRun.Names.Where(name => name != "outside-to-nodeport")], Lines("ok"));
        Assert.Contains("skip  outside-to-nodeport: dpctl is not said to run outside of the cluster (--outside)\n", _output.ToString(), StringComparison.Ordinal);
        Assert.EndsWith($"\n{ConnectivityRun.Names.Count - 1} passed, 0 failed, 1 skipped\n", _output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(_cluster.Paths, path => path.Contains("dataplane-test", StringComparison.Ordinal));
    }

    [Fact]
    public void X27_TheScenariosAreThoseOfTheField() => Assert.Equal(
        [
            "health", "no-policies", "pod-to-pod", "pod-to-service", "pod-to-local-nodeport", "pod-to-remote-nodeport", "outside-to-nodeport", "pod-to-hostport",
            "pod-to-itself-via-service", "pod-to-host", "host-to-pod", "pod-to-world", "client-to-client", "dns-only", "all-ingress-deny-knp", "all-egress-deny-knp",
            "client-egress-knp", "client-egress-expression-knp", "client-ingress-knp", "client-ingress-expression-knp", "echo-ingress-knp", "to-cidr",
            "to-cidr-external-knp", "no-interrupted-connections", "no-unexpected-packet-drops", "check-log-errors",
        ],
        ConnectivityRun.Names);

    [Fact]
    public async Task AnApiServerThatIsNotThereIsNamedWithTheRemedy()
    {
        var run = await DpctlRun.Of("connectivity test --api-server http://127.0.0.1:1");
        Assert.Equal(1, run.ExitCode);
        Assert.Equal(
            "dpctl: the API server http://127.0.0.1:1/ cannot be reached: Connection refused (127.0.0.1:1); "
            + "give another address (--api-server URL) or file (--kubeconfig FILE), or see whether `kubectl get nodes` works here\n",
            run.Errors);
    }

    [Fact]
    public async Task S46_APolicyThatIsNotEnforcedFailsEveryScenarioWithADenial()
    {
        _cluster.IgnoresPolicies = true;
        Assert.Equal(1, await RunAsync("-knp$|^to-cidr|^dns-only$"));
        Assert.Equal(
            [
                "dns-only", "all-ingress-deny-knp", "all-egress-deny-knp", "client-egress-knp", "client-egress-expression-knp", "client-ingress-knp",
                "client-ingress-expression-knp", "echo-ingress-knp", "to-cidr", "to-cidr-external-knp",
            ],
            Lines("FAIL"));
    }

    [Theory]
    [InlineData("client3", "10.1.", "TCP", "", "no-policies pod-to-pod")] // nothing between this client and pods
    [InlineData("client", "10.1.", "UDP", "", "pod-to-pod")]
    [InlineData("client", "10.2.", "UDP", "somebody-else", "pod-to-service")]
    [InlineData("echo-same-node", "10.2.", "TCP", "", "pod-to-itself-via-service")]
    [InlineData("client2", "192.0.2.2", "ICMP", "", "pod-to-host")]
    [InlineData("host-other-node", "10.1.", "ICMP", "", "host-to-pod")]
    [InlineData("client2", "203.0.113.7", "TCP", "", "pod-to-world")]
    public async Task S46_WhatDoesNotWorkFailsItsScenarioAndNoOther(string from, string address, string transport, string answer, string scenarios)
    {
        _cluster.Broken = (pod, target, by) => pod == from && by == transport && target.StartsWith(address, StringComparison.Ordinal) ? answer : null;
        Assert.Equal(1, await RunAsync("^(no-policies|pod-to-.*|host-to-pod)$"));
        Assert.Equal(scenarios.Split(' '), Lines("FAIL"));
        Assert.Contains($"      {from} -> ", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains($"met {(answer.Length == 0 ? "silence" : answer)}", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task S46_TheDataplanesOwnStateIsJudged()
    {
        _cluster.Unhealthy = "workers: 1 is stuck";
        _cluster.Drops["HeadroomExhausted"] = 2;
        _cluster.Log += "12:00:01.000 fail: dataplane[0] a port is lost\n2026-01-01T00:00:00.000Z error service a/b is not in force\n12:00:02.000 warn: dataplane[0] odd\n";
        _cluster.HeldEnded = true;
        Assert.Equal(1, await RunAsync("^(health|no-interrupted-connections|no-unexpected-packet-drops|check-log-errors)$"));
        Assert.Equal(["health", "no-interrupted-connections", "no-unexpected-packet-drops", "check-log-errors"], Lines("FAIL"));
        var text = _output.ToString();
        Assert.Contains("node-1: FAIL  workers: 1 is stuck", text, StringComparison.Ordinal);
        Assert.Contains("the connection from dataplane-test-held/held-client to its service ended after 7 answers", text, StringComparison.Ordinal);
        Assert.Matches(@"\n      node-1: \d+ packets HeadroomExhausted\n      node-2: \d+ packets HeadroomExhausted\n", text);
        Assert.Contains("node-2, agent: 12:00:01.000 fail: dataplane[0] a port is lost", text, StringComparison.Ordinal);
        Assert.Contains("node-1, dataplane: 2026-01-01T00:00:00.000Z error service a/b is not in force", text, StringComparison.Ordinal);
        Assert.DoesNotContain("odd", text, StringComparison.Ordinal);
        Assert.DoesNotContain("PolicyDenied", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task S46_WhatAClusterDoesNotHaveIsSkippedWithTheReason()
    {
        await _cluster.DisposeAsync();
        _cluster = new FakeCluster(nodes: 1) { HasDataplanePods = false };
        await _cluster.StartAsync();
        Assert.True(await RunAsync(options: new ConnectivityOptions()) == 0, _output.ToString() + _errors);
        Assert.Equal(
            [
                "health: there are no pods with app.kubernetes.io/name=dataplane in namespace kube-system (--dataplane-namespace)",
                "pod-to-remote-nodeport: there is no second node that is Ready and takes pods",
                "outside-to-nodeport: dpctl is not said to run outside of the cluster (--outside)",
                "pod-to-world: no server outside of the cluster is given (--world ADDRESS:PORT)",
                "to-cidr-external-knp: no server outside of the cluster is given (--world ADDRESS:PORT)",
                "no-unexpected-packet-drops: there are no pods with app.kubernetes.io/name=dataplane in namespace kube-system (--dataplane-namespace)",
                "check-log-errors: there are no pods with app.kubernetes.io/name=dataplane in namespace kube-system (--dataplane-namespace)",
            ],
            _output.ToString().Split('\n').Where(line => line.StartsWith("skip  ", StringComparison.Ordinal)).Select(line => line[6..]));
    }

    [Fact]
    public async Task S46_TheReportHasEachScenarioWithItsOutcome()
    {
        _cluster.Broken = (pod, _, by) => pod == "client3" && by == "UDP" ? "" : null;
        Assert.Equal(1, await RunAsync("^(no-policies|pod-to-pod|outside-to-nodeport)$", new ConnectivityOptions { JUnit = Report }));
        var suite = XDocument.Load(Report).Root!.Element("testsuite")!;
        Assert.Equal(("3", "1", "1", "0"), (Value(suite, "tests"), Value(suite, "failures"), Value(suite, "skipped"), Value(suite, "errors")));
        Assert.Equal(["no-policies", "pod-to-pod", "outside-to-nodeport"], suite.Elements("testcase").Select(test => Value(test, "name")));
        Assert.Equal(
            ["", "failure: client3 -> udp 10.1.0.", "skipped: dpctl is not said to r"],
            suite.Elements("testcase").Select(test => test.Elements().SingleOrDefault() is { } child ? $"{child.Name}: {Value(child, "message")[..22]}" : ""));
    }

    [Fact]
    public async Task S46_ANamespaceThatExistsIsLeftAlone()
    {
        using var api = Api();
        await api.CreateAsync("api/v1/namespaces", BedObjects.Namespace("dataplane-test-held"), default);
        Assert.Equal(1, await RunAsync());
        Assert.Contains("namespace dataplane-test-held exists already", _errors.ToString(), StringComparison.Ordinal);
        Assert.Contains("api/v1/namespaces/dataplane-test-held", _cluster.Paths);
    }

    [Fact]
    public async Task S46_ANamespaceThatAnotherTestMadeFirstIsLeftAlone()
    {
        // Both looked before either made it.
        var deleted = new System.Collections.Concurrent.ConcurrentBag<string>();
        _cluster.Refuses = (method, path) =>
        {
            if (method == "DELETE")
                deleted.Add(path);
            return method == "POST" && path == "api/v1/namespaces" && _cluster.Paths.Contains("api/v1/namespaces/dataplane-test") ? 409 : 0;
        };
        Assert.Equal(1, await RunAsync());
        Assert.Contains("namespace dataplane-test-held exists already", _errors.ToString(), StringComparison.Ordinal);
        Assert.Equal(["api/v1/namespaces/dataplane-test"], deleted);
    }

    [Fact]
    public async Task S46_TakingDownGoesOnWhileTheServerIsAwayForAMoment()
    {
        var refusals = 0;
        _cluster.Refuses = (method, path) => method == "DELETE" && path.StartsWith("api/v1/namespaces/", StringComparison.Ordinal) && !path.Contains("policies", StringComparison.Ordinal)
            && Interlocked.Increment(ref refusals) <= 3 ? 503 : 0;
        Assert.True(await RunAsync("^no-policies$") == 0, _output.ToString() + _errors);
        Assert.True(refusals > 3);
        Assert.DoesNotContain(_cluster.Paths, path => path.Contains("dataplane-test", StringComparison.Ordinal));
    }

    [Fact]
    public async Task S46_WhatCannotBeTakenDownFailsTheTestAndTheRestIsTakenDown()
    {
        _cluster.Refuses = (method, path) => method == "DELETE" && path == "api/v1/namespaces/dataplane-test" ? 403 : 0;
        Assert.Equal(1, await RunAsync("^no-policies$", new ConnectivityOptions { JUnit = Report }));
        Assert.Contains("what the test made could not be taken down: 403", _errors.ToString(), StringComparison.Ordinal);
        Assert.Contains("1 passed, 1 failed, 0 skipped", _output.ToString(), StringComparison.Ordinal);
        Assert.Equal(["no-policies", "take-down"], XDocument.Load(Report).Descendants("testcase").Select(test => Value(test, "name")));
        Assert.DoesNotContain(_cluster.Paths, path => path.Contains("dataplane-test-held", StringComparison.Ordinal));
    }

    [Fact]
    public async Task S46_NodesOfAnotherOperatingSystemGetNoPods()
    {
        _cluster.AddWindowsNode();
        var nodes = NodeFacts.Usable(await Api().GetAsync("api/v1/nodes", default));
        Assert.Equal(["node-1", "node-2"], nodes.Select(node => node.Name));
    }

    [Fact]
    public async Task S46_ASetUpThatTakesTooLongSaysWhatItWaitsForAndIsTakenDown()
    {
        _cluster.PodsWait = true;
        Assert.Equal(1, await RunAsync(options: new ConnectivityOptions { Limit = TimeSpan.FromSeconds(2), JUnit = Report }));
        Assert.Equal("dpctl: not done within 2 s (--timeout): pod dataplane-test-held/held-echo does not become ready: ErrImagePull no such image\n", _errors.ToString());
        Assert.Equal("set-up", Value(XDocument.Load(Report).Descendants("testcase").Single(), "name"));
        Assert.DoesNotContain(_cluster.Paths, path => path.Contains("dataplane-test", StringComparison.Ordinal));
    }

    [Fact]
    public async Task S46_AnInterruptTakesDownWhatWasMade()
    {
        using var interrupt = new CancellationTokenSource();
        _cluster.Made = path =>
        {
            if (path.Contains("/networkpolicies/", StringComparison.Ordinal))
                interrupt.Cancel();
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(cancel: interrupt.Token));
        Assert.DoesNotContain(_cluster.Paths, path => path.Contains("dataplane-test", StringComparison.Ordinal) || path.Contains("networkpolicies", StringComparison.Ordinal));
    }

    [Fact]
    public async Task S46_TheVerbReadsAKubeconfig()
    {
        var kubeconfig = Path.Combine(_folder, "kubeconfig");
        _cluster.WriteKubeconfig(kubeconfig);
        var run = await DpctlRun.Of($"connectivity test --kubeconfig {kubeconfig} --namespace mine --test ^no-policies$ --junit {Report}");
        Assert.Equal(("", 0), (run.Errors, run.ExitCode));
        Assert.Matches(@"^== pods and services in namespace mine\nok    no-policies \(\d+ ms\)\n1 passed, 0 failed, 0 skipped\n$", run.Text);
        Assert.Equal("1", Value(XDocument.Load(Report).Root!.Element("testsuite")!, "tests"));
    }

    [Theory]
    [InlineData("--kubeconfig /nowhere/config", "--kubeconfig /nowhere/config: ")]
    [InlineData("--kubeconfig KUBECONFIG --test nothing-like-it", "no scenario has such a name; there are health, no-policies")]
    [InlineData("--test (", "--test (: not a regular expression: Invalid pattern")]
    [InlineData("--timeout soon", "--timeout soon: not a number from 1 to 3600")]
    [InlineData("--world example.org", "--world example.org: not an address; write it as ADDRESS:PORT")]
    [InlineData("--api-server http://192.0.2.1:8080", "http is taken for this machine only")]
    [InlineData("--in-cluster --kubeconfig x", "exclude each other")]
    public async Task S46_WrongOptionsExitWith2AndSayWhatToWrite(string options, string message)
    {
        var kubeconfig = Path.Combine(_folder, "kubeconfig");
        _cluster.WriteKubeconfig(kubeconfig);
        var run = await DpctlRun.Of($"connectivity test {options.Replace("KUBECONFIG", kubeconfig, StringComparison.Ordinal)}");
        Assert.Equal((2, ""), (run.ExitCode, run.Text));
        Assert.Contains(message, run.Errors, StringComparison.Ordinal);
    }

    private async Task<int> RunAsync(string? filter = null, ConnectivityOptions? options = null, CancellationToken cancel = default)
    {
        using var api = Api();
        options = (options ?? new ConnectivityOptions { World = "203.0.113.7:80" }) with
        {
            Filter = filter is null ? null : new Regex(filter), Settling = TimeSpan.FromMilliseconds(300),
        };
        return await new ConnectivityRun(api, new Uri("http://192.0.2.1:6443"), options, _output, _errors).RunAsync(cancel);
    }

    private ClusterApi Api() => new(new ApiClient(_cluster.Access, new ApiTiming(), "test"));

    // Names of the scenarios whose line begins with a word.
    private List<string> Lines(string word) =>
        [.. _output.ToString().Split('\n').Where(line => line.StartsWith($"{word,-6}", StringComparison.Ordinal)).Select(line => line[6..].Split(' ')[0])];

    private static string Value(XElement element, string attribute) => element.Attribute(attribute)!.Value;
}
