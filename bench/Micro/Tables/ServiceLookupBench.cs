using BenchmarkDotNet.Attributes;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Bench.Micro.Tables;

/// <summary>The lookup of a frontend among few and many, each asked in random order; every service has a cluster address, a node port and ten backends.</summary>
[MemoryDiagnoser]
public class ServiceLookupBench
{
    private const int Lookups = 1024;
    private static readonly IPv4Address s_node = new(192, 168, 0, 1);
    private ServiceTable<IPv4Address> _table = null!;
    private IPv4Address[] _addresses = null!;
    private ushort[] _nodePorts = null!;

    [Params(1, 1_000, 10_000)]
    public int Services { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        var frontends = Enumerable.Range(0, Services).SelectMany(i => Frontends(i, Service(i))).ToArray();
        _table = new ServiceTable<IPv4Address>(
            FrontendIndex<IPv4Address>.Build(frontends, out _)!, new AddressMap<IPv4Address>([new(s_node, (int)NodeAddressKind.Local)]), new PrefixTable<IPv4Address>([]));
        _nodePorts = [.. Enumerable.Range(0, Lookups).Select(_ => NodePort(random.Next(Services)))];
        _addresses = Enumerable.Range(0, Lookups).Select(_ => Address(random.Next(Services))).ToArray();
    }

    [Benchmark(OperationsPerInvoke = Lookups)]
    public int Find()
    {
        int sum = 0;
        foreach (var address in _addresses)
        {
            if (_table.TryFind(address, IpProtocol.Tcp, 80, out var frontend)) sum += frontend.Service.Cluster.Choose(address.Value).Port.Raw;
        }
        return sum;
    }

    [Benchmark(OperationsPerInvoke = Lookups)]
    public int Miss()
    {
        int sum = 0;
        foreach (var address in _addresses) sum += _table.TryFind(address, IpProtocol.Tcp, 81, out _) ? 1 : 0;
        return sum;
    }

    /// <summary>Two probes: that of the address itself, then that of every address of the node.</summary>
    [Benchmark(OperationsPerInvoke = Lookups)]
    public int FindNodePort()
    {
        int sum = 0;
        foreach (ushort port in _nodePorts)
        {
            if (_table.TryFind(s_node, IpProtocol.Tcp, port, out var frontend)) sum += frontend.Service.Cluster.Choose(port).Port.Raw;
        }
        return sum;
    }

    private static Frontend<IPv4Address>[] Frontends(int number, Service<IPv4Address> service) =>
        [new(Address(number), IpProtocol.Tcp, 80, FrontendKind.ClusterIp, service), new(default, IpProtocol.Tcp, NodePort(number), FrontendKind.NodePort, service)];

    private static Service<IPv4Address> Service(int number) => new()
    {
        Id = (uint)number + 1,
        Cluster = new BackendSet<IPv4Address>([.. Enumerable.Range(0, 10).Select(i => new Backend<IPv4Address>(IPv4Address.FromHost(0x0af40000 + (uint)(number * 10 + i)), Be16.FromHost(8080)))]),
        Local = BackendSet<IPv4Address>.Empty,
    };

    // More than the usual range has, so that ten thousand services have one each.
    private static ushort NodePort(int service) => (ushort)(30_000 + service);

    private static IPv4Address Address(int service) => IPv4Address.FromHost(0x0a600000 + (uint)service);
}
