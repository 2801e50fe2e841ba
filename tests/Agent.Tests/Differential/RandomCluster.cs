namespace Dataplane.Agent.Tests.Differential;

/// <summary>Small random clusters whose parts collide often: few labels, few ports, prefixes around the pods' addresses.</summary>
internal sealed class RandomCluster(int seed)
{
    private static readonly string[] Names = ["x", "y", "z"];
    private static readonly string[] Keys = ["app", "tier", "env"];
    private static readonly string[] Values = ["a", "b", ""];
    private static readonly string[] Protocols = ["TCP", "UDP", "SCTP"];
    private static readonly string[] PortNames = ["http", "dns", "web"];

    private readonly Random _random = new(seed);

    public PlainCluster Make()
    {
        var pods = new List<PlainPod>();
        for (var i = 0; i < _random.Next(3, 9); i++)
            pods.Add(Pod(i));
        // Namespaces may lack their object.
        var namespaces = Names.Where(_ => _random.Next(5) > 0).Select(n => new PlainNamespace(n, Labels())).ToList();
        var policies = Enumerable.Range(0, _random.Next(0, 7)).Select(i => Policy(i, pods)).ToList();
        return new PlainCluster(namespaces, pods, policies);
    }

    private PlainPod Pod(int index)
    {
        var node = _random.Next(1, 3);
        var host = _random.Next(10) == 0;
        // Numbers repeat across names and pods: one name may mean different ports, and one port have several names.
        var ports = PortNames.Where(_ => _random.Next(3) > 0).Select(
            n => new PlainPort(n, Protocols[_random.Next(2)], 80 + _random.Next(3))).ToList();
        return new PlainPod(
            Pick(Names), $"p{index}", host ? $"192.168.0.{node}" : $"10.244.{node}.{10 + index}", node, Labels(), ports, host,
            !host && _random.Next(12) == 0);
    }

    private PlainPolicy Policy(int index, List<PlainPod> pods) => new(
        Pick(Names), $"policy{index}",
        _random.Next(4) == 0 ? null : Selector(),
        _random.Next(3) switch { 0 => null, 1 => [], _ => [.. new[] { "Ingress", "Egress" }.Where(_ => _random.Next(2) == 0)] },
        Rules(pods), Rules(pods));

    private List<PlainRule>? Rules(List<PlainPod> pods) =>
        _random.Next(5) == 0 ? null : [.. Enumerable.Range(0, _random.Next(0, 4)).Select(_ => Rule(pods))];

    private PlainRule Rule(List<PlainPod> pods) => new(
        _random.Next(5) == 0 ? null : [.. Enumerable.Range(0, _random.Next(0, 3)).Select(_ => Peer(pods))],
        _random.Next(3) == 0 ? null : [.. Enumerable.Range(0, _random.Next(0, 3)).Select(_ => RulePort())]);

    private PlainPeer Peer(List<PlainPod> pods) => _random.Next(5) switch
    {
        0 => new PlainPeer(Selector(), null, null),
        1 => new PlainPeer(null, NamespaceSelector(), null),
        2 => new PlainPeer(Selector(), NamespaceSelector(), null),
        _ => new PlainPeer(null, null, Block(pods)),
    };

    private PlainBlock Block(List<PlainPod> pods)
    {
        var address = _random.Next(3) switch
        {
            0 => "203.0.113.7",
            1 => $"192.168.0.{_random.Next(1, 4)}",
            _ => Pick(pods).Address,
        };
        var length = Pick([0, 4, 8, 16, 24, 30, 31]);
        var cidr = $"{address}/{length}";
        var except = Enumerable.Range(0, _random.Next(0, 3)).Select(_ => $"{address}/{_random.Next(length + 1, 33)}").Distinct().ToList();
        return new PlainBlock(_random.Next(5) == 0 && except.Count == 0 ? $"{address}/32" : cidr, except);
    }

    private PlainRulePort RulePort()
    {
        var protocol = _random.Next(3) == 0 ? null : Pick(Protocols);
        return _random.Next(5) switch
        {
            0 => new PlainRulePort(protocol, null, null),
            1 or 4 => new PlainRulePort(protocol, Pick(PortNames), null),
            2 => new PlainRulePort(protocol, $"{80 + _random.Next(3)}", null),
            _ => new PlainRulePort(protocol, $"{79 + _random.Next(3)}", 81 + _random.Next(2)),
        };
    }

    private PlainSelector NamespaceSelector()
    {
        if (_random.Next(3) > 0)
            return Selector();
        return _random.Next(2) == 0
            ? new PlainSelector(new() { ["kubernetes.io/metadata.name"] = Pick(Names) }, [])
            : new PlainSelector([], [("kubernetes.io/metadata.name", "NotIn", [Pick(Names)])]);
    }

    private PlainSelector Selector() => new(
        _random.Next(2) == 0 ? [] : new() { [Pick(Keys)] = Pick(Values) },
        [.. Enumerable.Range(0, _random.Next(0, 2)).Select(_ => Expression())]);

    private (string, string, string[]) Expression()
    {
        var op = Pick(["In", "NotIn", "Exists", "DoesNotExist"]);
        return (Pick(Keys), op, op is "In" or "NotIn" ? [.. Values.Take(_random.Next(1, 3))] : []);
    }

    private Dictionary<string, string> Labels() => Keys.Where(_ => _random.Next(2) == 0).ToDictionary(k => k, _ => Pick(Values));

    private T Pick<T>(IReadOnlyList<T> items) => items[_random.Next(items.Count)];
}
