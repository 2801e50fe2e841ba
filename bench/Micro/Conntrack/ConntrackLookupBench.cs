using BenchmarkDotNet.Attributes;
using Dataplane.Conntrack;
using Dataplane.Packets;
using Dataplane.Testing;

namespace Dataplane.Bench.Micro.Conntrack;

/// <summary>
/// Finding flows in random order, the hash given (the worker computes it while parsing). One flow: pure instructions; a million:
/// 128 MB of entries and a 32 MB index, more than the caches and the TLB hold.
/// </summary>
[MemoryDiagnoser]
[MinColumn] // on a shared machine the mean tells more about the neighbours
public class ConntrackLookupBench
{
    private const int Batch = 64;
    private const ulong Seed = 0x1234_5678_9abc_def0;

    private ConntrackTable<IPv4Address> _table = null!;
    private FlowTuple<IPv4Address>[] _tuples = null!;
    private ulong[] _hashes = null!;
    private ulong[] _missing = null!;
    private int _next;

    [Params(1, 65_536, 1_048_576)]
    public int Flows { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _table = new ConntrackTable<IPv4Address>(AlignedMemory.Allocate(ConntrackTable<IPv4Address>.RequiredBytes(1 << 20, 1)), 1 << 20, 1, Seed, new());
        _table.Writer(0).Quiescent();
        int lookups = Math.Max(Flows, Batch);
        _tuples = new FlowTuple<IPv4Address>[lookups];
        for (int i = 0; i < lookups; i++) _tuples[i] = Tuple(i % Flows, 6);
        for (int i = 0; i < Flows; i++) Insert(in _tuples[i]);
        new Random(1).Shuffle(_tuples);
        _hashes = Array.ConvertAll(_tuples, t => t.Hash(Seed));
        _missing = Array.ConvertAll(_tuples, t => t.Hash(~Seed));
    }

    [Benchmark(OperationsPerInvoke = Batch)]
    public int Hit() => FindAll(_hashes);

    /// <summary>The worker's way: the whole batch is brought into the cache first, then every packet reads and touches its entry.</summary>
    [Benchmark(OperationsPerInvoke = Batch)]
    public int HitPrefetchedAndTouched()
    {
        int start = Advance();
        _table.Prefetch(_hashes.AsSpan(start, Batch));
        int sum = 0;
        for (int i = start; i < start + Batch; i++)
        {
            int entry = _table.Find(in _tuples[i], _hashes[i], out FlowDirection direction);
            ref ConntrackEntry<IPv4Address> e = ref _table[entry];
            e.Touch(1);
            e.Count(direction, 100);
            sum += entry;
        }
        return sum;
    }

    [Benchmark(OperationsPerInvoke = Batch)]
    public int HitAndTouched()
    {
        int start = Advance();
        int sum = 0;
        for (int i = start; i < start + Batch; i++)
        {
            int entry = _table.Find(in _tuples[i], _hashes[i], out FlowDirection direction);
            ref ConntrackEntry<IPv4Address> e = ref _table[entry];
            e.Touch(1);
            e.Count(direction, 100);
            sum += entry;
        }
        return sum;
    }

    [Benchmark(OperationsPerInvoke = Batch)]
    public int Miss() => FindAll(_missing);

    [Benchmark(OperationsPerInvoke = Batch)]
    public ulong HashOnly()
    {
        int start = Advance();
        ulong sum = 0;
        for (int i = start; i < start + Batch; i++) sum += _tuples[i].Hash(Seed);
        return sum;
    }

    internal static FlowTuple<IPv4Address> Tuple(int n, byte protocol) => new(
        IPv4Address.FromHost(0x0a000000 + (uint)n / 50000), new IPv4Address(172, 16, 0, 1), Be16.FromHost((ushort)(1000 + n % 50000)), Be16.FromHost(80), protocol);

    private int FindAll(ulong[] hashes)
    {
        int start = Advance();
        int sum = 0;
        for (int i = start; i < start + Batch; i++) sum += _table.Find(in _tuples[i], hashes[i], out _);
        return sum;
    }

    private int Advance()
    {
        int start = _next;
        _next = start + Batch < _tuples.Length ? start + Batch : 0;
        return start;
    }

    private void Insert(in FlowTuple<IPv4Address> tuple)
    {
        ConntrackEntry<IPv4Address> e = default;
        e.Original = tuple;
        e.Reply = tuple.Mirror();
        e.State = FlowState.Established;
        if (_table.Writer(0).TryInsert(in e, tuple.Hash(Seed), e.Reply.Hash(Seed), 1, out _, out _) < 0) throw new InvalidOperationException("the table is full");
    }
}
