using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Tests.Clusters;

/// <summary>
/// Cyclonus's cluster: namespaces x, y, z with label ns, each with pods a, b, c with label pod, on two nodes; every pod
/// names its ports serve-80-tcp and so on. Truth tables go over all 81 pairs, three protocols and two ports.
/// </summary>
internal static class Grid
{
    public static readonly string[] Namespaces = ["x", "y", "z"];
    public static readonly string[] Pods = ["a", "b", "c"];
    public static readonly V1.Protocol[] Protocols = [V1.Protocol.Tcp, V1.Protocol.Udp, V1.Protocol.Sctp];
    public static readonly int[] Ports = [80, 81];

    public const string ContainerPorts =
        "{name: serve-80-tcp, containerPort: 80}, {name: serve-80-udp, containerPort: 80, protocol: UDP}, "
        + "{name: serve-80-sctp, containerPort: 80, protocol: SCTP}, {name: serve-81-tcp, containerPort: 81}, "
        + "{name: serve-81-udp, containerPort: 81, protocol: UDP}, {name: serve-81-sctp, containerPort: 81, protocol: SCTP}";

    public static readonly string Nodes =
        Yaml.Node("n1", "192.168.0.1", "10.244.1.0/24") + Yaml.Node("n2", "192.168.0.2", "10.244.2.0/24");

    /// <summary>Address of a pod: 10.244.NODE.10*NAMESPACE+POD, for example x/a is 10.244.1.11.</summary>
    public static string Address(string ns, string pod) =>
        $"10.244.{NodeNumber(ns, pod)}.{10 * (ns[0] - 'x' + 1) + (pod[0] - 'a' + 1)}";

    public static string Text { get; } = Nodes
        + string.Concat(Namespaces.Select(n => Yaml.Namespace(n, $"ns: {n}")))
        + string.Concat(Namespaces.SelectMany(n => Pods.Select(p =>
            Yaml.Pod(n, p, Address(n, p), $"n{NodeNumber(n, p)}", $"pod: {p}", ContainerPorts))));

    public static CompiledCluster With(params string[] policies) => new(Yaml.Objects([Text, .. policies]));

    /// <summary>Checks the whole truth table; the expectation speaks of pairs of different pods.</summary>
    public static void Expect(CompiledCluster cluster, Func<Probe, bool> allowed)
    {
        var wrong = new List<string>();
        foreach (var probe in Probes())
        {
            var expected = probe.Source == probe.Destination || allowed(probe);
            if (cluster.Allows(probe.Source, probe.Destination, probe.Protocol, probe.Port) != expected)
                wrong.Add($"{probe} should be {(expected ? "allowed" : "denied")}");
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Take(20)));
    }

    public static IEnumerable<Probe> Probes() =>
        from source in Namespaces.SelectMany(n => Pods.Select(p => $"{n}/{p}"))
        from destination in Namespaces.SelectMany(n => Pods.Select(p => $"{n}/{p}"))
        from protocol in Protocols
        from port in Ports
        select new Probe(source, destination, protocol, port);

    private static int NodeNumber(string ns, string pod) => (ns[0] + pod[0]) % 2 + 1;
}
