using Dataplane.Agent.Model;
using Dataplane.Agent.Tests.Clusters;
using static Dataplane.Agent.Tests.Services.ServiceYaml;

namespace Dataplane.Agent.Tests.Services;

/// <summary>
/// A cluster that changes at random: services that ask for the same few addresses and ports, slices that come, go and change
/// hands, pods with host ports, nodes that move between zones.
/// </summary>
internal sealed class RandomServices(int seed)
{
    private static readonly string[] Names = ["a", "b", "c", "d", "e"];
    private static readonly string[] Apps = ["x", "y"];

    private readonly Random _random = new(seed);
    private readonly Dictionary<ObjectKey, KubeObject> _objects = [];

    /// <summary>What is there now.</summary>
    public IEnumerable<KubeObject> Objects => _objects.Values;

    /// <summary>Changes a few objects; the lists are for <see cref="ClusterObjects.With"/>.</summary>
    public (List<KubeObject> Removed, List<KubeObject> Added) Step()
    {
        List<KubeObject> removed = [], added = [];
        for (var i = 0; i < _random.Next(1, 5); i++)
        {
            if (_objects.Count > 0 && _random.Next(5) == 0)
            {
                var gone = _objects.Values.ElementAt(_random.Next(_objects.Count));
                _objects.Remove(gone.Key);
                added.RemoveAll(o => o.Key == gone.Key);
                removed.Add(gone);
                continue;
            }
            var item = Make();
            _objects[item.Key] = item;
            added.RemoveAll(o => o.Key == item.Key);
            added.Add(item);
        }
        return (removed, added);
    }

    private KubeObject Make() => _random.Next(10) switch
    {
        < 4 => Yaml.One<Service>(MakeService()),
        < 7 => Yaml.One<EndpointSlice>(Slice(
            string.Join(", ", Enumerable.Range(0, _random.Next(0, 4)).Select(_ => Endpoint())), $"s{_random.Next(4)}", Pick(Names), "{port: 80}")),
        < 9 => Yaml.One<Pod>(MakePod()),
        _ => Yaml.One<Node>(Node($"n{_random.Next(1, 3)}", _random.Next(4) == 0 ? "" : $"topology.kubernetes.io/zone: z{_random.Next(2)}")),
    };

    private string MakeService()
    {
        var type = Pick(["ClusterIP", "ClusterIP", "NodePort", "LoadBalancer", "LoadBalancer", "ExternalName"]);
        var nodePort = type is "NodePort" or "LoadBalancer" ? $", nodePort: {30000 + _random.Next(3)}" : "";
        var parts = new List<string>
        {
            $"type: {type}", _random.Next(8) == 0 ? "clusterIP: None" : $"clusterIP: 10.96.0.{_random.Next(1, 6)}",
            $"ports: [{{port: 80{nodePort}}}]", $"externalIPs: [{Maybe(2, "192.0.2.1, ")}{Maybe(2, "192.0.2.2, ")}{Maybe(8, "10.96.0.1, ")}]",
            $"externalTrafficPolicy: {Pick(["Cluster", "Local"])}", $"internalTrafficPolicy: {Pick(["Cluster", "Local"])}",
            $"healthCheckNodePort: {30000 + _random.Next(3)}",
        };
        if (_random.Next(2) == 0)
            parts.Add($"selector: {{app: {Pick(Apps)}}}");
        if (_random.Next(3) == 0)
            parts.Add($"trafficDistribution: {Pick(["PreferSameNode", "PreferSameZone"])}");
        return Service(
            string.Join(", ", parts), Pick(Names), Maybe(8, "service.kubernetes.io/headless: ''"),
            Pick(["", "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"]), Maybe(2, "{ip: 192.0.2.1}"));
    }

    private string MakePod() => Yaml.Pod(
        "default", $"p{_random.Next(4)}", $"10.244.1.{_random.Next(1, 6)}", $"n{_random.Next(1, 3)}", $"app: {Pick(Apps)}",
        _random.Next(2) == 0 ? $"{{containerPort: 80, hostPort: {30000 + _random.Next(3)}{Maybe(3, ", hostIP: 192.0.2.1")}}}" : "",
        status: Pick(["phase: Running", "phase: Running", "phase: Running, conditions: [{type: Ready, status: 'False'}]", "phase: Succeeded"]));

    private string Endpoint() => new PlainEndpoint(
        $"10.244.1.{_random.Next(1, 6)}", 80, $"n{_random.Next(1, 3)}", _random.Next(3) > 0, true, _random.Next(3) == 0, [],
        _random.Next(3) == 0 ? [] : [$"z{_random.Next(2)}"]).ToYaml();

    private string Maybe(int oneIn, string text) => _random.Next(oneIn) == 0 ? text : "";

    private T Pick<T>(IReadOnlyList<T> items) => items[_random.Next(items.Count)];
}
