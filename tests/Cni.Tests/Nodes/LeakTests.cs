using System.Diagnostics;
using Dataplane.Testing;
using Dataplane.Testing.Cni;
using Xunit;
using Xunit.Abstractions;

namespace Dataplane.Cni.Tests.Nodes;

/// <summary>What is left after many pods, and after calls that were killed: row S1.</summary>
[Collection(CniBedCollection.Name)]
public sealed class LeakTests(CniBed bed, ITestOutputHelper output)
{
    private const int Seed = 20240607;

    [RequiresRootFact]
    public void S1_AThousandPodsOneAfterTheOtherAndTenAtOnceLeaveNothing()
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
            var made = nets.Select((net, i) => bed.NewContainer($"many-{i}", net)).ToList();
            if (round % 2 == 0)
            {
                foreach (var container in made) adds.Add(Milliseconds(() => bed.Runtime.Add(container)));
                Assert.Equal(pods, bed.Reserved().Count);
                foreach (var container in made) dels.Add(Milliseconds(() => bed.Runtime.Del(container)));
            }
            else
            {
                // As a kubelet does it when a node is filled or drained.
                Parallel.ForEach(made, container => bed.Runtime.Add(container));
                Assert.Equal(pods, bed.Reserved().Count);
                Parallel.ForEach(made, container => bed.Runtime.Del(container));
            }
        }
        output.WriteLine($"one after the other: ADD p50 {At(adds, 50):0} ms, p99 {At(adds, 99):0} ms; DEL p50 {At(dels, 50):0} ms, p99 {At(dels, 99):0} ms");
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
        // Longest time until a kill. It follows the speed of the machine, so that about half of the calls are killed.
        double limit = Milliseconds(() => bed.Runtime.Add(first));
        bed.Runtime.Del(first);
        for (int round = 0; killed < 50; round++)
        {
            Assert.True(round < 500, $"only {killed} of {round} calls were killed");
            var container = bed.NewContainer("killed", first.Net);
            bool inTime = bed.Runtime.AddAndKill(container, TimeSpan.FromMilliseconds(random.NextDouble() * limit));
            limit *= inTime ? 1.05 : 0.95;
            if (inTime) killed++;
            bed.Runtime.Del(container);
            Assert.True(bed.Reserved().Count == 0 && bed.Veths().Count == 0 && bed.StateOf("killed") is null, $"seed {Seed}, round {round}");
        }
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
