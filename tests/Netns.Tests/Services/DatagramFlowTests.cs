using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>Datagrams from one socket follow their service's endpoints: row K24.</summary>
[Collection(ServiceBed.Name)]
public sealed class DatagramFlowTests(ServiceBed bed)
{
    private ClusterPod First => bed.Node1.Pods[0];

    private ClusterPod Second => bed.Node2.Pods[0];

    public static TheoryData<string> Ways => ["pod to ClusterIP", "pod to NodePort", "node to ClusterIP", "outside to NodePort", "outside to NodePort of the other node"];

    [RequiresRootTheory]
    [MemberData(nameof(Ways))]
    public void K24_AnEndpointThatIsReplacedIsLeftThoughItWouldStillAnswer(string way)
    {
        using AppliedService service = bed.Apply(bed.NewService(First).OverUdp() with { Type = "NodePort" });
        using Dialogue datagrams = Start(way, service.Object);
        Expect(datagrams, First);

        service.Change(s => s.To(Second));
        Expect(datagrams, Second);
        service.Change(s => s.To(EndpointObject.Of(Second) with { Ready = false, Serving = false }, EndpointObject.Of(First)));
        Expect(datagrams, First);
    }

    [RequiresRootTheory]
    [MemberData(nameof(Ways))]
    public void K24_TheFirstEndpointIsFoundByWhoWasRefusedBefore(string way)
    {
        using AppliedService service = bed.Apply(bed.NewService().OverUdp().To(EndpointObject.Of(First) with { Ready = false }) with { Type = "NodePort" });
        using Dialogue datagrams = Start(way, service.Object);
        datagrams.WaitFor(Curl.Refused);

        service.Change(s => s.To(First));
        Expect(datagrams, First);
    }

    [RequiresRootTheory]
    [InlineData("pod to ClusterIP")]
    [InlineData("outside to NodePort")]
    public void K24_APodThatIsGoneIsReplacedByTheNextOne(string way)
    {
        using ExtraPod pod = bed.AddPod(bed.Node1);
        using AppliedService service = bed.Apply(bed.NewService(pod.Pod).OverUdp() with { Type = "NodePort" });
        using Dialogue datagrams = Start(way, service.Object);
        Expect(datagrams, pod.Pod);

        pod.Remove();
        service.Change(s => s.To((ClusterPod[])[])); // as the server's pod cycles
        datagrams.Next(2);
        service.Change(s => s.To(Second));
        Expect(datagrams, Second);
    }

    [RequiresRootFact]
    public void K24_AnEndpointThatTerminatesKeepsTheFlowsThatItHas()
    {
        using AppliedService service = bed.Apply(bed.NewService(First).OverUdp());
        using Dialogue datagrams = Start("pod to ClusterIP", service.Object);
        Expect(datagrams, First);

        service.Change(s => s.To(EndpointObject.Of(First) with { Ready = false, Terminating = true }, EndpointObject.Of(Second)));

        Assert.Equal($"{Second.Name} saw {bed.Node1.Pods[1].Address}", Who.Ask(bed.Node1.Pods[1].Net, "udp", service.Object.ClusterIp, 80).ToString());
        ExpectToStay(datagrams);
    }

    [RequiresRootFact]
    public void K24_AServiceThatHasNoEndpointLeftLeavesItsFlowsAlone()
    {
        using AppliedService service = bed.Apply(bed.NewService(First).OverUdp());
        using Dialogue datagrams = Start("pod to ClusterIP", service.Object);
        Expect(datagrams, First);

        service.Change(s => s.To((ClusterPod[])[]));

        Assert.Equal(Curl.Refused, Who.Ask(bed.Node1.Pods[1].Net, "udp", service.Object.ClusterIp, 80).ToString());
        ExpectToStay(datagrams);
    }

    [RequiresRootTheory]
    [InlineData("pod to ClusterIP", Curl.Silence)]
    [InlineData("pod to NodePort", Curl.Refused)]
    [InlineData("outside to NodePort", Curl.Refused)]
    public void K24_AServiceThatIsDeletedTakesItsFlowsAlong(string way, string after)
    {
        using AppliedService service = bed.Apply(bed.NewService(First).OverUdp() with { Type = "NodePort" });
        using Dialogue datagrams = Start(way, service.Object);
        Expect(datagrams, First);

        service.Delete();

        datagrams.WaitFor(answers => answers.TakeLast(3).All(answer => answer.ToString() == after), $"say \"{after}\" three times");
    }

    [RequiresRootFact]
    public void K24_AnotherPortOfTheSamePodIsAnotherEndpoint()
    {
        using AppliedService service = bed.Apply(bed.NewService(First).OverUdp());
        using AppliedService neighbor = bed.Apply(bed.NewService(First).OverUdp()); // its flows go on
        using Dialogue datagrams = Start("pod to ClusterIP", service.Object), others = Start("pod to ClusterIP", neighbor.Object);
        Expect(datagrams, First);
        Assert.Equal(Who.Udp, datagrams.Last.At);
        int port = Assert.Single(others.Next(2).Select(answer => answer.Port).Distinct());

        service.Change(s => s with { TargetPort = Who.OtherUdp });

        datagrams.WaitFor(answers => answers[^1].At == Who.OtherUdp, "be answered by the other port");
        Assert.All(others.Next(5), answer => Assert.Equal(($"{First.Name}", Who.Udp, port), (answer.Pod, answer.At, answer.Port)));
    }

    private Dialogue Start(string way, ServiceObject service) => way switch
    {
        "pod to ClusterIP" => Who.KeepAsking(bed.Node1.Pods[1].Net, service.ClusterIp, 80),
        "pod to NodePort" => Who.KeepAsking(bed.Node1.Pods[1].Net, bed.Node2.Address, service.NodePort),
        "node to ClusterIP" => Who.KeepAsking(bed.Node1.Net, service.ClusterIp, 80),
        "outside to NodePort" => Who.KeepAsking(bed.World, bed.Node1.Address, service.NodePort),
        "outside to NodePort of the other node" => Who.KeepAsking(bed.Neighbor, bed.Node2.Address, service.NodePort),
        _ => throw new ArgumentOutOfRangeException(nameof(way), way, null),
    };

    // At last one pod alone answers.
    private static void Expect(Dialogue datagrams, ClusterPod pod) =>
        datagrams.WaitFor(answers => answers.Count >= 5 && answers.TakeLast(5).All(answer => answer.Pod == pod.Name), $"be answered by {pod.Name} and nobody else");

    private void ExpectToStay(Dialogue datagrams) =>
        Assert.All(datagrams.Next(10), answer => Assert.Equal($"{First.Name} saw {bed.Node1.Pods[1].Address}", answer.ToString()));
}
