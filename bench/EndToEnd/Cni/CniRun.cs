using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Dataplane.Bench.EndToEnd.Measure;
using Dataplane.Bench.EndToEnd.Paths;
using Dataplane.Bench.EndToEnd.Report;
using Dataplane.Testing;
using Dataplane.Testing.Cni;
using Dataplane.Testing.Clusters;

namespace Dataplane.Bench.EndToEnd.Cni;

/// <summary>
/// ADD and DEL of our plugin, with the real host-local, a running dataplane and agent, beside those of the standard `bridge` plugin with the same
/// host-local on a plain node. Both in turn, pod by pod, so that whatever else the machine does meets both.
/// </summary>
public sealed class CniRun(NumberOptions options, string json, TextWriter output)
{
    private const string StandardPlugins = "/usr/lib/cni", Ours = "dataplane-cni", Reference = "bridge";

    // Pods before those that count: host-local makes its folder, the dataplane compiles its code, the bridge plugin makes the bridge.
    private const int Warm = 3;

    /// <summary>Options of `cni`.</summary>
    public static NumberOption[] Options { get; } = [new("--pods", 60, 2, 200), new("--policies", 0, 0, 1000)];

    /// <summary>The exit code: 0 when everything was measured, whatever the figures are.</summary>
    public int Run(CancellationToken cancel)
    {
        OurPath.RequirePrograms();
        foreach (var plugin in new[] { Reference, "host-local" })
        {
            if (!File.Exists(Path.Combine(StandardPlugins, plugin)))
                throw new BenchException($"{StandardPlugins}/{plugin} is missing: ./build.sh deps installs the standard plugins");
        }

        var started = DateTimeOffset.UtcNow;
        using var scope = new BenchScope(cancel);
        var cluster = scope.Own(Cluster.Start(NodeKind.Dataplane, NodeKind.Kernel));
        var node = (DataplaneNode)cluster.Nodes[0];
        for (var i = 0; i < options["--policies"]; i++)
            cluster.Manifests.Apply($"policy-{i:D4}", Policy(i));
        var data = Path.Combine(cluster.Topology.Folder, "host-local");
        var ours = new CniRuntime(node.Net, List(Ours, data, new JsonObject { ["type"] = Ours, ["control"] = node.Control }), Path.GetDirectoryName(Installed.Cni)!, StandardPlugins);
        var reference = new CniRuntime(
            cluster.Nodes[1].Net,
            List(Reference, data, new JsonObject { ["type"] = Reference, ["bridge"] = "cni0", ["isGateway"] = true }, cluster.Nodes[1].PodCidr),
            StandardPlugins);
        CniTimes oursTook = new(Ours, [], []), referenceTook = new(Reference, [], []);
        using var window = new CpuWindow([], []);
        List<Container> first = [], second = [];
        for (var i = 0; i < options["--pods"] + Warm; i++)
        {
            cancel.ThrowIfCancellationRequested();
            first.Add(new Container($"ours{i:x4}", $"pod-{i}", scope.AddNamespace($"ours-{i}")));
            second.Add(new Container($"reference{i:x4}", $"pod-{i}", scope.AddNamespace($"reference-{i}")));
            // The pod is in the API a moment before its ADD, as it is for a kubelet: the ADD waits for what the agent makes of it.
            cluster.Manifests.Apply($"pod-default-pod-{i}", Pod(i, node.Name));
            Time(oursTook.Add, i, () => ours.Add(first[^1]));
            Time(referenceTook.Add, i, () => reference.Add(second[^1]));
        }

        for (var i = 0; i < first.Count; i++)
        {
            cancel.ThrowIfCancellationRequested();
            var (one, other) = (first[i], second[i]);
            Time(oursTook.Del, i, () => ours.Del(one));
            Time(referenceTook.Del, i, () => reference.Del(other));
        }

        var noise = window.Stop().Noise;
        Write(oursTook, referenceTook, noise);
        if (json.Length > 0)
            new CniReport(1, started, MachineFacts.Read(), noise, [oursTook, referenceTook]).Write(json);
        return 0;
    }

    private void Write(CniTimes ours, CniTimes reference, double noise)
    {
        output.WriteLine(Text($"{options["--pods"]} pods, {options["--policies"]} policies, ms from the start of the plugin to its end (other work on this machine: {noise * 100:F0} %)"));
        output.WriteLine("                 dataplane-cni: p50     p99     max   bridge: p50     p99     max   ratio of p50");
        foreach (var (verb, one, other) in new[] { ("ADD", Percentiles.Of(ours.Add), Percentiles.Of(reference.Add)), ("DEL", Percentiles.Of(ours.Del), Percentiles.Of(reference.Del)) })
            output.WriteLine(Text($"{verb,-22} {one.P50,13:F1} {one.P99,7:F1} {one.Max,7:F1} {other.P50,13:F1} {other.P99,7:F1} {other.Max,7:F1} {one.P50 / other.P50,14:F2}"));
        output.WriteLine("Our ADD ends when the pod's policy is in force; that of bridge when its interface is up, with no policy at all.");
    }

    private static void Time(List<double> into, int pod, Action call)
    {
        var began = Stopwatch.GetTimestamp();
        call();
        if (pod >= Warm)
            into.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
    }

    private static JsonObject List(string name, string data, JsonObject plugin, string? range = null)
    {
        // Ours tells host-local the node's own range; the other has to be told.
        plugin["ipam"] = new JsonObject { ["type"] = "host-local", ["dataDir"] = data };
        if (range is not null)
            plugin["ipam"]!["ranges"] = new JsonArray(new JsonArray(new JsonObject { ["subnet"] = range }));
        return new JsonObject { ["cniVersion"] = "1.0.0", ["name"] = $"pods-{name}", ["plugins"] = new JsonArray(plugin) };
    }

    private static string Pod(int number, string node) => $$$"""
        apiVersion: v1
        kind: Pod
        metadata: {namespace: default, name: pod-{{{Text($"{number}")}}}, labels: {app: pod, number: "{{{Text($"{number}")}}}"}}
        spec: {nodeName: {{{node}}}, containers: [{name: main}]}
        status: {phase: Pending}
        """;

    private static string Policy(int number) => $$$"""
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {namespace: default, name: policy-{{{Text($"{number}")}}}}
        spec:
          podSelector: {matchLabels: {app: pod}}
          policyTypes: [Ingress]
          ingress: [{from: [{podSelector: {matchLabels: {number: "{{{Text($"{number}")}}}"} } }], ports: [{port: {{{Text($"{1000 + number}")}}}}]}]
        """;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
