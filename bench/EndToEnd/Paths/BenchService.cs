namespace Dataplane.Bench.EndToEnd.Paths;

/// <summary>One port of a service: `protocol` is "tcp" or "udp".</summary>
public sealed record BenchServicePort(string Name, string Protocol, int Port, int TargetPort)
{
    /// <summary>0: none. On our side only: the kernel's rules of the bench have no node ports.</summary>
    public int NodePort { get; init; }
}

/// <summary>A pod that backs a service: name, IPv4 address, node number (1 or 2).</summary>
public sealed record BenchBackend(string Pod, string Address, int Node);

/// <summary>A ClusterIP service of namespace "default", as both contenders are told of it.</summary>
public sealed record BenchService(
    string Name, string ClusterIp, IReadOnlyList<BenchServicePort> Ports, IReadOnlyList<BenchBackend> Backends)
{
    /// <summary>Kubernetes namespace of all services and pods of the bench.</summary>
    public const string Namespace = "default";

    /// <summary>
    /// Services nobody calls, each with one TCP port, and endpoints that nobody has, in even shares: what a rule chain has to walk past,
    /// and what tables have to hold.
    /// </summary>
    public static IEnumerable<BenchService> Dummies(int count, int endpoints)
    {
        for (int i = 0, next = 0; i < count; i++)
        {
            var end = (int)((long)endpoints * (i + 1) / count);
            var backends = new List<BenchBackend>(end - next);
            for (; next < end; next++)
                backends.Add(new BenchBackend($"dummy-{i}-{next}", $"10.{128 + (next >> 16)}.{(next >> 8) & 255}.{next & 255}", 2));
            yield return new BenchService($"dummy-{i}", $"10.96.{16 + (i >> 8)}.{i & 255}", [new BenchServicePort("http", "tcp", 80, 8080)], backends);
        }
    }
}
