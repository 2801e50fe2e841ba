using BenchmarkDotNet.Attributes;
using Dataplane.Packets;

namespace Dataplane.Bench.Micro.Stages;

/// <summary>The Internet checksum of data in the cache, from an odd start as behind Ethernet.</summary>
[MemoryDiagnoser]
public class ChecksumBench
{
    private readonly byte[] _data = new byte[4096];

    [Params(20, 40, 64, 100, 1500)]
    public int Bytes { get; set; }

    [GlobalSetup]
    public void Setup() => new Random(1).NextBytes(_data);

    [Benchmark]
    public ushort Compute() => Checksum.Compute(_data.AsSpan(14, Bytes));
}
