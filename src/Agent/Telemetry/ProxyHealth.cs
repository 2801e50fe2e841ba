using System.Globalization;
using Dataplane.Agent.Model;

namespace Dataplane.Agent.Telemetry;

/// <summary>
/// Whether this node should get traffic, in the form of kube-proxy (K33): balancers and the kubelet of a cluster know how to
/// ask for it. Safe for use by several threads.
/// </summary>
public sealed class ProxyHealth(ProxyTelemetry proxy, TimeProvider time)
{
    /// <summary>A change that waits this long is a fault: twice kube-proxy's sync period of 30 s.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    private volatile bool _nodeLeaving;
    private long _healthz200, _healthz503, _livez200, _livez503;

    /// <summary>How often /healthz answered what.</summary>
    public IReadOnlyList<(int Code, long Count)> HealthzAnswers =>
        [(200, Interlocked.Read(ref _healthz200)), (503, Interlocked.Read(ref _healthz503))];

    /// <summary>How often /livez answered what.</summary>
    public IReadOnlyList<(int Code, long Count)> LivezAnswers =>
        [(200, Interlocked.Read(ref _livez200)), (503, Interlocked.Read(ref _livez503))];

    /// <summary>Takes over what this node's Node object says; null: there is none, and then the last one holds.</summary>
    public void TakeNode(Node? node)
    {
        if (node is not null)
            _nodeLeaving = node.IsLeaving;
    }

    /// <summary>The answer to /healthz: whether the dataplane has what it should, and the node stays.</summary>
    public TextAnswer Healthz()
    {
        var eligible = !_nodeLeaving;
        var healthy = Judge(out var updated, out var now) && eligible;
        Interlocked.Increment(ref healthy ? ref _healthz200 : ref _healthz503);
        return Answer(healthy, $$"""{"lastUpdated": "{{Format(healthy ? now : updated)}}","currentTime": "{{Format(now)}}", "nodeEligible": {{(eligible ? "true" : "false")}}}""");
    }

    /// <summary>The answer to /livez: the same, whatever becomes of the node.</summary>
    public TextAnswer Livez()
    {
        var healthy = Judge(out var updated, out var now);
        Interlocked.Increment(ref healthy ? ref _livez200 : ref _livez503);
        return Answer(healthy, $$"""{"lastUpdated": "{{Format(healthy ? now : updated)}}","currentTime": "{{Format(now)}}"}""");
    }

    private bool Judge(out DateTimeOffset updated, out DateTimeOffset now)
    {
        now = time.GetUtcNow();
        updated = proxy.LastApplied ?? DateTimeOffset.MinValue;
        return proxy.PendingSince is not { } since || now - since < Timeout;
    }

    private static TextAnswer Answer(bool healthy, string body) => new(healthy ? 200 : 503, "application/json", body);

    // As Go writes a time.
    private static string Format(DateTimeOffset time) =>
        time.ToString("yyyy-MM-dd HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture) + " +0000 UTC";
}
