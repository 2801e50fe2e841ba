using System.Diagnostics;
using Dataplane.Testing;
using Xunit;
using Xunit.Abstractions;

namespace Dataplane.Cni.Tests.Nodes;

/// <summary>What is left after many pods, and after calls that were killed: row S1.</summary>
[Collection(CniBedCollection.Name)]
public sealed class LeakTests(CniBed bed, ITestOutputHelper output)
{
    private const int Seed = 20240607;

    [RequiresRootFact]
    public void S1_AThousandPodsLeaveNothing()
    {
        const int pods = 10, rounds = 100;
        int descriptors = bed.NamespaceDescriptors();
        var nets = new NetworkNamespace[pods];
        for (int i = 0; i < pods; i++)
        {
            bed.ApplyPod($"many-{i}");
            nets[i] = bed.NewContainer($"many-{i}").Net;
        }
        List<double> adds = [], dels = [];
        for (int round = 0; round < rounds; round++)
        {
            var made = new List<Container>();
            for (int i = 0; i < pods; i++)
            {
                var container = bed.NewContainer($"many-{i}", nets[i]);
                adds.Add(Milliseconds(() => bed.Runtime.Add(container)));
                made.Add(container);
            }
            Assert.Equal(pods, bed.Reserved().Count);
            foreach (var container in made) dels.Add(Milliseconds(() => bed.Runtime.Del(container)));
        }
        output.WriteLine($"ADD p50 {At(adds, 50):0} ms, p99 {At(adds, 99):0} ms; DEL p50 {At(dels, 50):0} ms, p99 {At(dels, 99):0} ms");
        Assert.Equal(1000, adds.Count);
        bed.AssertNothingIsLeft(descriptors);
        for (int i = 0; i < pods; i++) bed.Cluster.Manifests.Delete($"pod-default-many-{i}");
    }

    [RequiresRootFact]
    public void S1_AnAddThatIsKilledAtAnyMomentLeavesNothingAfterItsDel()
    {
        int descriptors = bed.NamespaceDescriptors(), killed = 0;
        bed.ApplyPod("killed");
        var random = new Random(Seed);
        var first = bed.NewContainer("killed");
        double whole = Milliseconds(() => bed.Runtime.Add(first));
        bed.Runtime.Del(first);
        for (int round = 0; round < 100; round++)
        {
            var container = bed.NewContainer("killed", first.Net);
            if (bed.Runtime.AddAndKill(container, TimeSpan.FromMilliseconds(random.NextDouble() * whole * 1.2))) killed++;
            bed.Runtime.Del(container);
            Assert.True(bed.Reserved().Count == 0 && bed.Veths().Count == 0 && bed.StateOf("killed") is null, $"seed {Seed}, round {round}");
        }
        output.WriteLine($"killed {killed} of 100");
        Assert.InRange(killed, 20, 100);
        bed.AssertNothingIsLeft(descriptors);
        bed.Cluster.Manifests.Delete("pod-default-killed");
    }

    private static double Milliseconds(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static double At(List<double> times, int percent) => times.Order().ElementAt(times.Count * percent / 100);
}
