using BenchmarkDotNet.Attributes;
using Dataplane.Headers;
using Dataplane.Tables;

namespace Dataplane.Bench.Micro.Tables;

/// <summary>A verdict among few and many policies, each with rules for a hundred peers of several ports.</summary>
[MemoryDiagnoser]
public class PolicyLookupBench
{
    private const int Lookups = 1024, Peers = 100;
    private PolicyTable _table = null!;
    private (int Policy, uint Peer, ushort Port)[] _questions = null!;

    [Params(1, 1_000)]
    public int Policies { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        var rules = Enumerable.Range(0, Peers).SelectMany(i => new PolicyRule[] { new(16 + (uint)i, IpProtocol.Tcp, 80, 80), new(16 + (uint)i, IpProtocol.Tcp, 443, 443), new(16 + (uint)i, IpProtocol.Tcp, 8000, 9000) }).ToArray();
        _table = new PolicyTable([.. Enumerable.Repeat(new PolicyDefinition(true, rules, false, []), Policies)]);
        _questions = [.. Enumerable.Range(0, Lookups).Select(_ => (random.Next(Policies), 16 + (uint)random.Next(Peers), (ushort)8443))];
    }

    [Benchmark(OperationsPerInvoke = Lookups)]
    public int Allows()
    {
        int allowed = 0;
        foreach (var (policy, peer, port) in _questions) allowed += _table.Allows(policy, TrafficDirection.Ingress, peer, IpProtocol.Tcp, port) ? 1 : 0;
        return allowed;
    }
}
