namespace Dataplane.Bench.EndToEnd.Paths;

/// <summary>One port of a service: `protocol` is "tcp" or "udp".</summary>
public sealed record BenchServicePort(string Name, string Protocol, int Port, int TargetPort);

/// <summary>A pod that backs a service: name, IPv4 address, node number (1 or 2).</summary>
public sealed record BenchBackend(string Pod, string Address, int Node);

/// <summary>A ClusterIP service of namespace "default", as both contenders are told of it.</summary>
public sealed record BenchService(
    string Name, string ClusterIp, IReadOnlyList<BenchServicePort> Ports, IReadOnlyList<BenchBackend> Backends)
{
    /// <summary>Kubernetes namespace of all services and pods of the bench.</summary>
    public const string Namespace = "default";

    /// <summary>
    /// Services nobody calls, each with one TCP port and two backends in a pod range nobody has: what a rule chain has to walk past.
    /// </summary>
    public static IEnumerable<BenchService> Dummies(int count) => Enumerable.Range(0, count).Select(i => new BenchService(
        $"dummy-{i}",
        $"10.96.{16 + (i >> 8)}.{i & 255}",
        [new BenchServicePort("http", "tcp", 80, 8080)],
        [
            new BenchBackend($"dummy-{i}-a", $"10.244.{128 + ((i >> 7) & 63)}.{((i & 127) << 1) + 0}", 2),
            new BenchBackend($"dummy-{i}-b", $"10.244.{192 + ((i >> 7) & 63)}.{((i & 127) << 1) + 1}", 2),
        ]));
}
