using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>Changes take effect whole or not at all, and no connection is lost to one: row K32.</summary>
[Collection(ServiceBed.Name)]
public sealed class ChangeTests(ServiceBed bed)
{
    private ClusterPod First => bed.Node1.Pods[0];

    private ClusterPod Second => bed.Node2.Pods[0];

    private ClusterPod Client => bed.Node1.Pods[1];

    [RequiresRootFact]
    public void K32_NoConnectionFailsWhileItsServiceChangesAllTheTime()
    {
        using AppliedService service = bed.Apply(bed.NewService(First, Second).OfLines() with { Type = "NodePort" });
        using Dialogue inside = Who.KeepConnecting(Client.Net, service.Object.ClusterIp, 80), near = Who.KeepConnecting(bed.Node2.Net, service.Object.ClusterIp, 80);
        using Dialogue outside = Who.KeepConnecting(bed.Neighbor, bed.Node1.Address, service.Object.NodePort), far = Who.KeepConnecting(bed.World, bed.Node2.Address, service.Object.NodePort);
        Dialogue[] loads = [inside, near, outside, far];
        foreach (Dialogue load in loads)
            load.Next(3);

        for (int change = 0; change < 45; change++)
        {
            service.ChangeSoon(s => (change % 9) switch
            {
                0 => s.To(First),
                1 => s.To(Second),
                2 => s with { Spec = ["sessionAffinity: ClientIP"] },
                3 => s.To(EndpointObject.Of(First) with { Ready = false, Terminating = true }, EndpointObject.Of(Second)),
                4 => s.To(EndpointObject.Of(First) with { Ready = false, Terminating = true }),
                5 => s with { Spec = ["publishNotReadyAddresses: true"], Type = "LoadBalancer", Ingress = [bed.NewAddress()] },
                6 => s.To(First, Second),
                7 => s with { Spec = ["internalTrafficPolicy: Cluster"], Type = "NodePort", Ingress = [] },
                _ => s with { SliceAnnotations = $"{{change: \"{change}\"}}" },
            });
            Thread.Sleep(40 + change % 5 * 40); // shorter and longer than the agents gather changes
        }
        bed.Settle();
        foreach (Dialogue load in loads)
            load.Next(20);

        Assert.All(loads, load => Assert.Equal([], load.Answers.Where(answer => answer.Error is not null).Select(answer => answer.ToString())));
        Assert.All(loads, load => Assert.Subset(new HashSet<string> { First.Name, Second.Name }, load.Answers.Select(answer => answer.Pod!).ToHashSet()));
        Assert.Null(bed.Node1.FrameLeak());
        Assert.Null(bed.Node2.FrameLeak());
    }

    [RequiresRootFact]
    public void K32_ABadObjectLeavesWhatIsInForceAsItIs()
    {
        using AppliedService service = bed.Apply(bed.NewService(First));
        string served = $"{First.Name} saw {Client.Address}";
        foreach (string bad in (string[])["port: 80,", "clusterIP: 10.96."])
        {
            string broken = service.Object.ToString().Replace(bad, bad == "port: 80," ? "port: 99999," : "clusterIP: 10.96.300.", StringComparison.Ordinal);
            Assert.NotEqual(service.Object.ToString(), broken);
            using AppliedText applied = bed.Apply("service-" + service.Object.Name, broken);
            Assert.Equal(served, Curl.Get(Client.Net, service.Object.ClusterIp, 80));
            Assert.Contains(bed.Node1.Agent!.Output.Split('\n'), line => line.Contains($"service-{service.Object.Name}.yaml:", StringComparison.Ordinal));
            service.Change(s => s); // the good version is back before the bad one's file goes
        }
        service.Change(s => s.To(Second));
        Assert.Equal($"{Second.Name} saw {Client.Address}", Curl.Get(Client.Net, service.Object.ClusterIp, 80));
    }

    [RequiresRootFact]
    public void K32_AnAgentThatStartsAgainTakesNothingAwayBeforeItKnowsEverything()
    {
        using AppliedService service = bed.Apply(bed.NewService(First, Second).OfLines() with { Type = "NodePort" });
        using Dialogue inside = Who.KeepConnecting(Client.Net, service.Object.ClusterIp, 80), outside = Who.KeepConnecting(bed.Neighbor, bed.Node1.Address, service.Object.NodePort);
        inside.Next(3);
        using (bed.RestartAgent(bed.Node1))
            bed.Settle();
        foreach (Dialogue load in (Dialogue[])[inside, outside])
        {
            load.Next(20);
            Assert.Equal([], load.Answers.Where(answer => answer.Error is not null).Select(answer => answer.ToString()));
        }
    }
}
