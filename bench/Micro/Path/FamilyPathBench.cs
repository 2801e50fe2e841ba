using BenchmarkDotNet.Attributes;
using Dataplane.Packets;
using Dataplane.Testing.Packets;

namespace Dataplane.Bench.Micro.Path;

/// <summary>
/// A hot flow from a pod by a ClusterIP into the tunnel, of one family and of the other. Packets go one by one through the harness of the
/// tests, which writes each frame and cleans up after it, some tens of nanoseconds that <see cref="PathBench"/> takes off. What to look at is the
/// difference between the families, and that neither allocates.
/// </summary>
[MemoryDiagnoser]
public class FamilyPathBench
{
    private const int Batch = 64;

    private readonly PathHarnessOf<IPv4Address> _v4 = new();
    private readonly PathHarnessOf<IPv6Address> _v6 = new();
    private readonly PacketCase _caseV4 = PacketCasesOf<IPv4Address>.PodToServiceOnAnotherNode(), _caseV6 = PacketCasesOf<IPv6Address>.PodToServiceOnAnotherNode();

    [GlobalSetup]
    public void Setup()
    {
        _caseV4.Prepare(_v4);
        _caseV6.Prepare(_v6);
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Batch)]
    public VerdictKind IPv4() => Carry(_v4, _caseV4);

    [Benchmark(OperationsPerInvoke = Batch)]
    public VerdictKind IPv6() => Carry(_v6, _caseV6);

    private static VerdictKind Carry<TAddress>(PathHarnessOf<TAddress> path, PacketCase packet)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        path.Begin();
        for (int i = 1; i < Batch; i++) packet.Run(path, i);
        var verdict = packet.Run(path, 0);
        return verdict.Kind == VerdictKind.Forward ? verdict.Kind : throw new InvalidOperationException(verdict.ToString());
    }
}
