using Dataplane.Agent.Desired;
using Dataplane.Agent.Model;
using Dataplane.Agent.Telemetry;
using Dataplane.Agent.Tests.Clusters;
using Dataplane.Agent.Tests.Services;

namespace Dataplane.Agent.Tests.Telemetry;

/// <summary>kube-proxy's /healthz and /livez (K33).</summary>
public class ProxyHealthTests
{
    private readonly ManualTime _time = new();
    private readonly ProxyTelemetry _proxy;
    private readonly ProxyHealth _health;

    public ProxyHealthTests()
    {
        _proxy = new ProxyTelemetry(_time);
        _health = new ProxyHealth(_proxy, _time);
    }

    [Fact]
    public void K33_the_answers_have_kube_proxys_form()
    {
        _time.Pass(0.25);
        Assert.Equal(
            new TextAnswer(200, "application/json", """{"lastUpdated": "2026-01-31 12:00:00.25 +0000 UTC","currentTime": "2026-01-31 12:00:00.25 +0000 UTC", "nodeEligible": true}"""),
            _health.Healthz());
        Assert.Equal(
            new TextAnswer(200, "application/json", """{"lastUpdated": "2026-01-31 12:00:00.25 +0000 UTC","currentTime": "2026-01-31 12:00:00.25 +0000 UTC"}"""),
            _health.Livez());
    }

    [Fact]
    public void K33_a_change_that_waits_for_a_minute_is_a_fault_until_the_dataplane_has_it()
    {
        _proxy.Taken();
        _proxy.Applied();
        _time.Pass(5);
        _proxy.Queued(StateChanges.None);
        _time.Pass(59);
        Assert.Equal((200, 200), Status());
        _time.Pass(1);
        Assert.Equal((503, 503), Status());
        // Now the time is that of the last success.
        Assert.Equal("""{"lastUpdated": "2026-01-31 12:00:00 +0000 UTC","currentTime": "2026-01-31 12:01:05 +0000 UTC"}""", _health.Livez().Body);
        _proxy.Taken();
        _proxy.Applied();
        Assert.Equal((200, 200), Status());
    }

    [Fact]
    public void K33_a_dataplane_that_is_gone_for_a_minute_is_a_fault_without_any_change()
    {
        _proxy.Lost();
        _time.Pass(60);
        Assert.Equal((503, 503), Status());
        Assert.Contains("\"0001-01-01 00:00:00 +0000 UTC\"", _health.Healthz().Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "", true)]
    [InlineData("taints: [{key: node.kubernetes.io/unreachable, effect: NoExecute}]", "", true)]
    [InlineData("taints: [{key: ToBeDeletedByClusterAutoscaler, value: '1', effect: NoSchedule}]", "", false)]
    [InlineData("", ", deletionTimestamp: '2026-01-31T12:00:00Z'", false)]
    public void K33_a_node_that_leaves_is_not_eligible_and_yet_alive(string spec, string meta, bool eligible)
    {
        _health.TakeNode(Yaml.One<Node>(ServiceYaml.Node("n1", spec: spec, meta: meta)));
        Assert.Equal((eligible ? 200 : 503, 200), Status());
        Assert.EndsWith($"\"nodeEligible\": {(eligible ? "true" : "false")}}}", _health.Healthz().Body, StringComparison.Ordinal);
        // Nothing is known of it any more: what was known last holds.
        _health.TakeNode(null);
        Assert.Equal((eligible ? 200 : 503, 200), Status());
        _health.TakeNode(Yaml.One<Node>(ServiceYaml.Node("n1")));
        Assert.Equal((200, 200), Status());
    }

    [Fact]
    public void O3_answers_are_counted_by_status()
    {
        _health.Healthz();
        _proxy.Lost();
        _time.Pass(60);
        _health.Healthz();
        _health.Healthz();
        _health.Livez();
        Assert.Equal([(200, 1L), (503, 2L)], _health.HealthzAnswers);
        Assert.Equal([(200, 0L), (503, 1L)], _health.LivezAnswers);
    }

    private (int Healthz, int Livez) Status() => (_health.Healthz().Status, _health.Livez().Status);
}
