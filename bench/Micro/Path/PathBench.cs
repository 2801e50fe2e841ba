using BenchmarkDotNet.Attributes;

namespace Dataplane.Bench.Micro.Path;

/// <summary>
/// The whole path per packet of an established flow, in batches of 64 and in random order. The target for one hot flow from a pod by a
/// ClusterIP into the tunnel is 45 ns; for a million flows 100 ns.
/// </summary>
[MemoryDiagnoser]
public class PathBench
{
    private PathBatch _batch = null!;

    [Params(
        "pod-ClusterIP-pod", "pod-ClusterIP-VXLAN", "pod-ClusterIP-VXLAN, 1400 B, partial", "VXLAN-pod",
        "uplink-NodePort-pod", "uplink-NodePort-VXLAN, masqueraded", "pod-world, masqueraded")]
    public string Packet { get; set; } = "";

    [Params(1, 1_000_000)]
    public int Flows { get; set; }

    [GlobalSetup]
    public void Setup() => _batch = new PathBatch(PathCase.ByName(Packet), Flows);

    [GlobalCleanup]
    public void Cleanup() => _batch.Free();

    /// <summary>With the writing of each packet's first bytes, which in life the kernel does.</summary>
    [Benchmark(OperationsPerInvoke = PathBatch.Size)]
    public void WriteAndCarry()
    {
        _batch.RestoreAll();
        _batch.Carry();
    }

    /// <summary>The writing alone: what to take off.</summary>
    [Benchmark(OperationsPerInvoke = PathBatch.Size)]
    public void WriteOnly() => _batch.RestoreAll();
}
