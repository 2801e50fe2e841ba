using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.Kubernetes;

namespace Dataplane.Cli.Connectivity;

/// <summary>
/// The pods and services of a test: clients and an echo on one node, a client and an echo on another, a process in the network of each, and,
/// in a namespace that no policy of the test is in, a client that holds one connection all the time.
/// </summary>
internal sealed class TestBed(ClusterApi api, ConnectivityOptions options) : IDisposable
{
    public const string Client = "client", OtherClient = "client2", RemoteClient = "client3";
    public const string LocalEcho = "echo-same-node", RemoteEcho = "echo-other-node";
    public const string LocalHost = "host-same-node", RemoteHost = "host-other-node";

    private const string HeldEcho = "held-echo", HeldClient = "held-client";

    // A command in a pod costs the node a process and the API server a connection.
    private const int AtATime = 6;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(300);

    private readonly ConcurrentDictionary<PodName, JsonObject> _pods = new();
    private readonly Dictionary<string, JsonObject> _services = [];
    private readonly List<string> _made = [];
    private readonly SemaphoreSlim _turns = new(AtATime);

    /// <summary>The API server.</summary>
    public ClusterApi Api => api;

    /// <summary>What was asked for.</summary>
    public ConnectivityOptions Options => options;

    /// <summary>The node of most pods.</summary>
    public NodeFacts Local { get; private set; } = new("", "");

    /// <summary>Another one; null: the cluster has no second node that takes pods.</summary>
    public NodeFacts? Remote { get; private set; }

    /// <summary>Why a scenario that needs two nodes is not tried; null: there are two.</summary>
    public string? LacksRemote => Remote is null ? "there is no second node that is Ready and takes pods" : null;

    /// <summary>Pod that holds a connection.</summary>
    public PodName Held => new(HeldNamespace, HeldClient);

    /// <summary>Echo pods with their nodes.</summary>
    public IEnumerable<(string Name, NodeFacts Node)> Echoes => Remote is null ? [(LocalEcho, Local)] : [(LocalEcho, Local), (RemoteEcho, Remote)];

    private string HeldNamespace => options.Namespace + "-held";

    /// <summary>A pod's address.</summary>
    public string AddressOf(string pod) => (string)_pods[new PodName(options.Namespace, pod)]["status"]!["podIP"]!;

    /// <summary>A service's ClusterIP.</summary>
    public string ClusterIpOf(string service) => (string)_services[service]["spec"]!["clusterIP"]!;

    /// <summary>A service's node port for TCP.</summary>
    public int NodePortOf(string service) => (int)_services[service]["spec"]!["ports"]![0]!["nodePort"]!;

    /// <summary>Makes all of it, and returns when every pod is ready and every service answers.</summary>
    /// <exception cref="ConnectivityException">It cannot be made.</exception>
    public async Task MakeAsync(CancellationToken cancel)
    {
        var nodes = NodeFacts.Usable(await api.GetAsync("api/v1/nodes", cancel).ConfigureAwait(false));
        if (nodes.Count == 0)
            throw new ConnectivityException("no node is Ready, schedulable and without taints; the test needs one, and two for traffic between nodes");
        Local = nodes[0];
        Remote = nodes.Count > 1 ? nodes[1] : null;
        foreach (var name in new[] { options.Namespace, HeldNamespace })
        {
            if (await api.ExistsAsync($"api/v1/namespaces/{name}", cancel).ConfigureAwait(false))
                throw Taken(name);
        }
        foreach (var name in new[] { options.Namespace, HeldNamespace })
        {
            _made.Add(name); // before it is made: whoever interrupts now must not leave it behind
            try
            {
                await api.CreateAsync("api/v1/namespaces", BedObjects.Namespace(name), cancel).ConfigureAwait(false);
            }
            catch (ApiException e) when (e.Status == HttpStatusCode.Conflict)
            {
                _made.Remove(name); // another test looked when we did, and was first: it is not ours to delete
                throw Taken(name);
            }
        }
        foreach (var name in _made)
            await UntilAsync(() => api.ExistsAsync($"api/v1/namespaces/{name}/serviceaccounts/default", cancel), $"namespace {name} gets no service account", cancel).ConfigureAwait(false);

        var image = options.Image;
        await PodAsync(options.Namespace, BedObjects.Client(Client, Local.Name, image), cancel).ConfigureAwait(false);
        await PodAsync(options.Namespace, BedObjects.Client(OtherClient, Local.Name, image, ("other", "client")), cancel).ConfigureAwait(false);
        await PodAsync(options.Namespace, BedObjects.Host(LocalHost, Local.Name, image), cancel).ConfigureAwait(false);
        if (Remote is not null)
        {
            await PodAsync(options.Namespace, BedObjects.Client(RemoteClient, Remote.Name, image), cancel).ConfigureAwait(false);
            await PodAsync(options.Namespace, BedObjects.Host(RemoteHost, Remote.Name, image), cancel).ConfigureAwait(false);
        }
        foreach (var (name, node) in Echoes)
        {
            await PodAsync(options.Namespace, BedObjects.Echo(name, node.Name, image, withHostPort: true), cancel).ConfigureAwait(false);
            await ServiceAsync(options.Namespace, name, cancel).ConfigureAwait(false);
        }
        await PodAsync(HeldNamespace, BedObjects.Echo(HeldEcho, (Remote ?? Local).Name, image, withHostPort: false), cancel).ConfigureAwait(false);
        await ServiceAsync(HeldNamespace, HeldEcho, cancel).ConfigureAwait(false);
        await ReadyAsync(cancel).ConfigureAwait(false);
        // Endpoints come a moment after pods are ready; the connection that is held begins when its service is there.
        Probe[] first = [.. Echoes.Select(echo => new Probe(Client, Transport.Tcp, ClusterIpOf(echo.Name), BedObjects.Port, echo.Name)),
            new Probe(Client, Transport.Tcp, ClusterIpOf(HeldEcho), BedObjects.Port, HeldEcho)];
        if (await EventuallyAsync(first, options.Settling, cancel).ConfigureAwait(false) is { Count: > 0 } failures)
            throw new ConnectivityException($"services do not answer {options.Settling.TotalSeconds:0} s after their pods are ready: {string.Join("; ", failures)}");
        await PodAsync(HeldNamespace, BedObjects.Held(HeldClient, Local.Name, image, ClusterIpOf(HeldEcho)), cancel).ConfigureAwait(false);
        await ReadyAsync(cancel).ConfigureAwait(false);
    }

    /// <summary>Deletes what was made; returns when it is gone. What fails in passing is tried again.</summary>
    /// <exception cref="OperationCanceledException">It does not go away.</exception>
    /// <exception cref="ApiException">The server does not let us; what it does let us delete is gone.</exception>
    public Task RemoveAsync(CancellationToken cancel) => Task.WhenAll(_made.Select(name => RemoveAsync(name, cancel)));

    /// <summary>Asks, and tells what was not as it must be.</summary>
    public async Task<IReadOnlyList<string>> AskAsync(IReadOnlyList<Probe> probes, CancellationToken cancel)
    {
        var judgements = await Task.WhenAll(probes.Select(probe => AskAsync(probe, cancel))).ConfigureAwait(false);
        return [.. judgements.OfType<string>()];
    }

    /// <summary>
    /// Applies a policy; waits until all is as it must be, and then asks all of it once more, so that nothing passes by chance. Takes it away, and
    /// waits until who could be asked under it still can, and who could not is heard again.
    /// </summary>
    public async Task<IReadOnlyList<string>> AskUnderPolicyAsync(string name, JsonObject spec, IReadOnlyList<Probe> probes, CancellationToken cancel)
    {
        var path = $"apis/networking.k8s.io/v1/namespaces/{options.Namespace}/networkpolicies";
        IReadOnlyList<string> failures;
        try
        {
            await api.CreateAsync(path, new JsonObject { ["metadata"] = new JsonObject { ["name"] = name }, ["spec"] = spec }, cancel).ConfigureAwait(false);
            failures = await EventuallyAsync(probes, options.Settling, cancel).ConfigureAwait(false);
            if (failures.Count == 0)
                failures = [.. (await AskAsync(probes, cancel).ConfigureAwait(false)).Select(failure => $"after it had been right: {failure}")];
        }
        finally
        {
            using var limited = new CancellationTokenSource(options.Settling);
            await api.DeleteAsync($"{path}/{name}", limited.Token).ConfigureAwait(false);
        }
        if (failures.Count > 0)
            return failures;
        var restored = await EventuallyAsync([.. probes.Select(probe => probe with { Answer = probe.Answer ?? Probe.Anyone })], options.Settling, cancel).ConfigureAwait(false);
        return [.. restored.Select(failure => $"after the policy was deleted: {failure}")];
    }

    /// <inheritdoc/>
    public void Dispose() => _turns.Dispose();

    private async Task RemoveAsync(string name, CancellationToken cancel)
    {
        var path = $"api/v1/namespaces/{name}";
        var isDeleted = false;
        var fault = "";
        await UntilAsync(
            async () =>
            {
                try
                {
                    if (!isDeleted)
                        await api.DeleteAsync(path, cancel).ConfigureAwait(false);
                    isDeleted = true;
                    return !await api.ExistsAsync(path, cancel).ConfigureAwait(false);
                }
                catch (Exception e) when (e is ApiException { Status: not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden) }
                    or HttpRequestException or IOException or TimeoutException or JsonException)
                {
                    fault = $": {e.Message}";
                    return false;
                }
            },
            () => $"namespace {name} is not gone{fault}",
            cancel).ConfigureAwait(false);
    }

    private static ConnectivityException Taken(string name) =>
        new($"namespace {name} exists already: another test is at work, or was killed; delete it, or give another --namespace");

    private async Task<string?> AskAsync(Probe probe, CancellationToken cancel)
    {
        await _turns.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            return probe.Judge(await api.ExecAsync(new PodName(options.Namespace, probe.From), "agnhost", probe.Command, cancel).ConfigureAwait(false));
        }
        finally
        {
            _turns.Release();
        }
    }

    private async Task<IReadOnlyList<string>> EventuallyAsync(IReadOnlyList<Probe> probes, TimeSpan limit, CancellationToken cancel)
    {
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        while (true)
        {
            var failures = await AskAsync(probes, cancel).ConfigureAwait(false);
            if (failures.Count == 0 || System.Diagnostics.Stopwatch.GetElapsedTime(began) > limit)
                return failures;
            await Task.Delay(s_pause, cancel).ConfigureAwait(false);
        }
    }

    private async Task PodAsync(string place, JsonObject pod, CancellationToken cancel)
    {
        await api.CreateAsync($"api/v1/namespaces/{place}/pods", pod, cancel).ConfigureAwait(false);
        _pods[new PodName(place, (string)pod["metadata"]!["name"]!)] = pod;
    }

    private async Task ServiceAsync(string place, string name, CancellationToken cancel)
    {
        await api.CreateAsync($"api/v1/namespaces/{place}/services", BedObjects.Service(name), cancel).ConfigureAwait(false);
        _services[name] = await api.GetAsync($"api/v1/namespaces/{place}/services/{name}", cancel).ConfigureAwait(false);
    }

    private async Task ReadyAsync(CancellationToken cancel)
    {
        foreach (var name in _pods.Keys.Order(Comparer<PodName>.Create((a, b) => string.CompareOrdinal(a.ToString(), b.ToString()))))
        {
            await UntilAsync(
                async () =>
                {
                    var pod = _pods[name] = await api.GetAsync(name.Path, cancel).ConfigureAwait(false);
                    return Conditions(pod).Any(condition => (string?)condition?["type"] == "Ready" && (string?)condition["status"] == "True");
                },
                () => $"pod {name} does not become ready: {Trouble(_pods[name])}",
                cancel).ConfigureAwait(false);
        }
    }

    private static JsonArray Conditions(JsonObject pod) => pod["status"]?["conditions"] as JsonArray ?? [];

    // What its container waits for, else what the pod does.
    private static string Trouble(JsonObject pod)
    {
        var waiting = (pod["status"]?["containerStatuses"] as JsonArray)?.FirstOrDefault()?["state"]?["waiting"];
        // A kubelet that does not take the pod says why there: a host port in use, no room.
        return waiting is null
            ? $"it is {(string?)pod["status"]?["phase"] ?? "not started"} {pod["status"]?["reason"]} {pod["status"]?["message"]}".TrimEnd()
            : $"{waiting["reason"]} {waiting["message"]}".Trim();
    }

    private static Task UntilAsync(Func<Task<bool>> condition, string otherwise, CancellationToken cancel) => UntilAsync(condition, () => otherwise, cancel);

    // The caller's limit ends it; what was waited for is known only here.
    private static async Task UntilAsync(Func<Task<bool>> condition, Func<string> otherwise, CancellationToken cancel)
    {
        try
        {
            while (!await condition().ConfigureAwait(false))
                await Task.Delay(s_pause, cancel).ConfigureAwait(false);
        }
        catch (OperationCanceledException e)
        {
            throw new OperationCanceledException(otherwise(), e, cancel);
        }
    }
}
