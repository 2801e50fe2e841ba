using BenchmarkDotNet.Attributes;
using Dataplane.Conntrack;
using Dataplane.Packets;
using Dataplane.Testing;

namespace Dataplane.Bench.Micro.Conntrack;

/// <summary>A flow's making and removal, with its share of recycling, beside a number of flows that stay.</summary>
[MemoryDiagnoser]
[MinColumn] // on a shared machine the mean tells more about the neighbours
public class ConntrackInsertBench
{
    private const int Batch = 64;
    private const ulong Seed = 0x1234_5678_9abc_def0;

    private ConntrackTable<IPv4Address> _table = null!;
    private int _next;

    [Params(1, 65_536, 1_000_000)]
    public int Flows { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _table = new ConntrackTable<IPv4Address>(AlignedMemory.Allocate(ConntrackTable<IPv4Address>.RequiredBytes(1 << 20, 1)), 1 << 20, 1, Seed, new());
        for (_next = 0; _next < Flows; _next++) Insert(_next, FlowState.Established);
    }

    [Benchmark(OperationsPerInvoke = Batch)]
    public void InsertAndRemove()
    {
        ConntrackWriter<IPv4Address> writer = _table.Writer(0);
        for (int i = 0; i < Batch; i++) writer.Remove(Insert(_next++ & 0x7fffffff, FlowState.SynSent));
        writer.Quiescent();
        writer.Expire(1, Batch);
    }

    private int Insert(int n, FlowState state)
    {
        ConntrackEntry<IPv4Address> e = default;
        e.Original = ConntrackLookupBench.Tuple(n, 6);
        e.Reply = e.Original.Mirror();
        e.State = state;
        int entry = _table.Writer(0).TryInsert(in e, e.Original.Hash(Seed), e.Reply.Hash(Seed), 1, out _, out InsertResult result);
        return entry >= 0 ? entry : throw new InvalidOperationException($"flow {n}: {result}");
    }
}
