using Dataplane.Agent.Desired;
using Dataplane.Agent.Telemetry;
using Dataplane.Agent.Tests.Clusters;
using static Dataplane.Agent.Tests.Services.ServiceYaml;

namespace Dataplane.Agent.Tests.Telemetry;

/// <summary>What waits, and how long it takes: K34, O1-O3.</summary>
public class ProxyTelemetryTests
{
    private readonly ManualTime _time = new();
    private readonly ProxyTelemetry _proxy;
    private readonly DateTimeOffset _start;

    public ProxyTelemetryTests()
    {
        _start = _time.GetUtcNow();
        _proxy = new ProxyTelemetry(_time);
    }

    [Fact]
    public void O3_changes_are_pending_until_the_dataplane_has_them()
    {
        _proxy.Queued(new StateChanges(2, 3, []));
        _proxy.Taken();
        _proxy.Queued(new StateChanges(1, 1, []));
        Assert.Equal((3, 3), _proxy.Services);
        Assert.Equal((4, 4), _proxy.EndpointSlices);
        // What came while the call was under way is not part of it.
        _proxy.Applied();
        Assert.Equal((3, 1), _proxy.Services);
        Assert.Equal((4, 1), _proxy.EndpointSlices);
        _proxy.Taken();
        _proxy.Applied();
        Assert.Equal((3, 0), _proxy.Services);
    }

    [Fact]
    public void O1_the_last_times_are_those_of_queueing_and_of_having_it()
    {
        Assert.Null(_proxy.LastQueued);
        Assert.Null(_proxy.LastApplied);
        var queued = _time.Pass(1);
        _proxy.Queued(StateChanges.None);
        var applied = _time.Pass(2);
        _proxy.Taken();
        _proxy.Applied();
        Assert.Equal((queued, applied), (_proxy.LastQueued, _proxy.LastApplied));
    }

    [Fact]
    public void K33_the_oldest_change_counts_whatever_comes_after_it()
    {
        Assert.Null(_proxy.PendingSince);
        var first = _time.Pass(1);
        _proxy.Queued(StateChanges.None);
        _time.Pass(1);
        _proxy.Taken();
        _proxy.Queued(StateChanges.None);
        Assert.Equal(first, _proxy.PendingSince);
        // The call failed, and is done again with what came meanwhile.
        _time.Pass(1);
        _proxy.Taken();
        Assert.Equal(first, _proxy.PendingSince);
        _proxy.Applied();
        Assert.Null(_proxy.PendingSince);
        var lost = _time.Pass(1);
        _proxy.Lost();
        _time.Pass(1);
        _proxy.Lost();
        Assert.Equal(lost, _proxy.PendingSince);
        _proxy.Applied();
        Assert.Null(_proxy.PendingSince);
    }

    [Fact]
    public void K34_latency_is_from_the_trigger_to_the_dataplane_having_it()
    {
        _time.Pass(100);
        _proxy.Queued(new StateChanges(0, 2, [_start.AddSeconds(90), _start.AddSeconds(99.9)]));
        _proxy.Taken();
        // It is measured when the state is in force, not when it was seen, and also what a call brought that was repeated.
        _time.Pass(1);
        _proxy.Queued(new StateChanges(0, 1, [_start.AddSeconds(100)]));
        _proxy.Taken();
        Assert.Equal(0, _proxy.ProgrammingLatencies.Read(out _)[^1].Count);
        _time.Pass(1);
        _proxy.Applied();
        Assert.Equal(3, _proxy.ProgrammingLatencies.Read(out var sum)[^1].Count);
        Assert.Equal(12 + 2.1 + 2, sum, 6);
        _proxy.Taken();
        _proxy.Applied();
        Assert.Equal(3, _proxy.ProgrammingLatencies.Read(out _)[^1].Count);
    }

    [Fact]
    public void K34_times_before_the_start_do_not_count()
    {
        _time.Pass(10);
        _proxy.Queued(new StateChanges(0, 3, [_start, _start.AddSeconds(-1), _start.AddSeconds(1)]));
        _proxy.Taken();
        _proxy.Applied();
        Assert.Equal(1, _proxy.ProgrammingLatencies.Read(out var sum)[^1].Count);
        Assert.Equal(9, sum, 6);
    }

    [Fact]
    public void Times_do_not_fill_the_memory_while_the_dataplane_is_away()
    {
        for (var i = 0; i < 200; i++)
            _proxy.Queued(new StateChanges(0, 1000, [.. Enumerable.Repeat(_start.AddSeconds(1), 1000)]));
        _time.Pass(2);
        _proxy.Taken();
        _proxy.Applied();
        Assert.Equal(65536, _proxy.ProgrammingLatencies.Read(out _)[^1].Count);
        Assert.Equal((200_000, 0), _proxy.EndpointSlices);
    }

    [Fact]
    public void O3_services_and_slices_that_are_ours_are_counted_as_they_come_change_and_go()
    {
        var compiler = new StateCompiler("n1");
        const string Annotated = ", annotations: {endpoints.kubernetes.io/last-change-trigger-time: '2026-01-31T12:00:05.25Z'}";
        Assert.Equal((1, 1, "12:00:05.25"), Next(Service(), Slice("{addresses: [10.244.1.5]}", meta: Annotated)));
        Assert.Equal((0, 1, "12:00:05.25"), Next(null, Slice("{addresses: [10.244.1.6]}", meta: Annotated)));
        Assert.Equal((1, 0, ""), Next(Service(labels: "a: b")));
        // Without the annotation, with one that is no time, of host names, of no service, of another proxy.
        Assert.Equal((0, 1, ""), Next(null, Slice("{addresses: [10.244.1.7]}")));
        Assert.Equal((0, 1, ""), Next(null, Slice("{addresses: [10.244.1.8]}", meta: ", annotations: {endpoints.kubernetes.io/last-change-trigger-time: soon}")));
        Assert.Equal((0, 0, ""), Next(null, Slice("{addresses: [example.org]}", "names", type: "FQDN", meta: Annotated)));
        Assert.Equal((0, 0, ""), Next(null, Slice("{addresses: [10.244.1.5]}", "none", "''", meta: Annotated)));
        Assert.Equal((0, 0, ""), Next(Service("clusterIP: 10.96.0.9", "other", "service.kubernetes.io/service-proxy-name: other")));
        // It stops being ours.
        Assert.Equal((1, 0, ""), Next(Service(labels: "service.kubernetes.io/headless: ''")));

        (int, int, string) Next(string? service, string? slice = null)
        {
            _objects = _objects.With([], [.. new[] { service, slice }.OfType<string>().SelectMany(t => Yaml.Objects(t) is var o ? o.Services.Concat<Agent.Model.KubeObject>(o.EndpointSlices) : [])]);
            var changes = compiler.Compile(_objects).Changes;
            return (changes.Services, changes.EndpointSlices, string.Join(' ', changes.Triggers.Select(t => t.ToString("HH:mm:ss.FF"))));
        }
    }

    private Agent.Model.ClusterObjects _objects = Agent.Model.ClusterObjects.Empty;
}
