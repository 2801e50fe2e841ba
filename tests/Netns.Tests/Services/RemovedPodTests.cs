using System.Diagnostics;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>TCP connections with pods that are deleted, and with endpoints that are only taken out of their service: row K25.</summary>
[Collection(ServiceBed.Name)]
public sealed class RemovedPodTests(ServiceBed bed)
{
    private static readonly TimeSpan Prompt = TimeSpan.FromSeconds(5); // a kernel would wait for two hours

    [RequiresRootTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void K25_WhoWaitsForDataFromADeletedPodIsResetAtOnce(bool interfaceFirst)
    {
        using ExtraPod pod = bed.AddPod(bed.Node1);
        using AppliedService service = bed.Apply(bed.NewService(pod.Pod).OfLines() with { Type = "NodePort" });
        (string Name, NetworkNamespace Client, string Address, int Port)[] ways =
        [
            ("a pod of its node", bed.Node1.Pods[1].Net, service.Object.ClusterIp, 80), ("a pod of the other node", bed.Node2.Pods[1].Net, service.Object.ClusterIp, 80),
            ("its node", bed.Node1.Net, service.Object.ClusterIp, 80), ("the other node", bed.Node2.Net, service.Object.ClusterIp, 80),
            ("outside", bed.Neighbor, bed.Node1.Address, service.Object.NodePort), ("outside, by the other node", bed.World, bed.Node2.Address, service.Object.NodePort),
            ("a pod of its node, without service", bed.Node1.Pods[2].Net, pod.Pod.Address, Who.Tcp), ("a pod of the other node, without service", bed.Node2.Pods[2].Net, pod.Pod.Address, Who.Tcp),
        ];
        Dialogue[] connections = [.. ways.Select(way => Who.Hold(way.Client, way.Address, way.Port))];
        try
        {
            var clock = Stopwatch.StartNew();
            pod.Remove(interfaceFirst);
            foreach ((Dialogue connection, (string name, _, _, _)) in connections.Zip(ways))
            {
                TimeSpan left = Prompt - clock.Elapsed;
                Answer end = connection.End(left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(1));
                Assert.Equal($"{name}: reset", $"{name}: {end}");
            }
        }
        finally
        {
            foreach (Dialogue connection in connections)
                connection.Dispose();
        }
    }

    [RequiresRootFact]
    public void K25_WhoSendsToADeletedPodIsResetToo()
    {
        using ExtraPod pod = bed.AddPod(bed.Node2);
        using AppliedService service = bed.Apply(bed.NewService(pod.Pod).OfLines());
        using Dialogue connection = Who.Hold(bed.Node1.Pods[1].Net, service.Object.ClusterIp, 80, "--interval", "0.2");

        pod.Remove();

        Assert.Equal("reset", connection.End(Prompt).ToString());
    }

    [RequiresRootFact]
    public void K25_NewConnectionsAvoidAnEndpointThatIsRemovedAndOldOnesGoOn()
    {
        ClusterPod first = bed.Node1.Pods[0], second = bed.Node2.Pods[0], client = bed.Node1.Pods[1];
        using AppliedService service = bed.Apply(bed.NewService(first, second).OfLines());
        var connections = new List<Dialogue>();
        try
        {
            while (connections.All(connection => connection.Last.Pod != first.Name))
                connections.Add(Who.Hold(client.Net, service.Object.ClusterIp, 80, "--interval", "0.1"));

            service.Change(s => s.To(second));

            Assert.Equal([second.Name], Who.Count(client.Net, service.Object.ClusterIp, 80, 40).Keys);
            Assert.All(connections[^1].Next(5), answer => Assert.Equal($"{first.Name} saw {client.Address}", answer.ToString()));
        }
        finally
        {
            connections.ForEach(connection => connection.Dispose());
        }
    }
}
