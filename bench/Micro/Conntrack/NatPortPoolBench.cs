using BenchmarkDotNet.Attributes;
using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;

namespace Dataplane.Bench.Micro.Conntrack;

/// <summary>A source port taken for a flow and given back, at a destination that leaves so many of its 16,384 ports free.</summary>
[MemoryDiagnoser]
[MinColumn] // on a shared machine the mean tells more about the neighbours
public class NatPortPoolBench
{
    private const int Batch = 256;
    private static readonly FlowTuple<IPv4Address> s_flow = new(new(192, 168, 0, 1), new(203, 0, 113, 7), default, Be16.FromHost(443), IpProtocol.Tcp);

    private NatPortPool _pool = null!;
    private ulong _random = 0x9e3779b97f4a7c15;

    [Params(16_384, 164, 16, 1)]
    public int Free { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _pool = new NatPortPool(NatPortPool.DefaultFirst, NatPortPool.DefaultLast);
        for (int i = _pool.Size; i > Free; i--)
        {
            if (!_pool.TryTake(s_flow, Random(), out _)) throw new InvalidOperationException("no port");
        }
    }

    [Benchmark(OperationsPerInvoke = Batch)]
    public int TakeAndReturn()
    {
        int sum = 0;
        for (int i = 0; i < Batch; i++)
        {
            if (!_pool.TryTake(s_flow, Random(), out var port)) throw new InvalidOperationException("no port");
            _pool.Return(new FlowTuple<IPv4Address>(s_flow.Destination, s_flow.Source, s_flow.DestinationPort, port, s_flow.Protocol));
            sum += port.Raw;
        }
        return sum;
    }

    private ulong Random()
    {
        _random ^= _random >> 12;
        _random ^= _random << 25;
        _random ^= _random >> 27;
        return _random * 0x2545f4914f6cdd1d;
    }
}
