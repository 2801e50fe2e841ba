using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>Which endpoints take new connections: readiness (K20) and nearness (K21).</summary>
[Collection(ServiceBed.Name)]
public sealed class ReadinessTests(ServiceBed bed)
{
    private const string Zone = "topology.kubernetes.io/zone";

    private ClusterPod Here => bed.Node1.Pods[0];

    private ClusterPod There => bed.Node2.Pods[0];

    private ClusterPod Near => bed.Node1.Pods[1]; // clients

    private ClusterPod Far => bed.Node2.Pods[1];

    [RequiresRootFact]
    public void K20_WhileOneEndpointIsReadyNoOtherTakesConnections()
    {
        using AppliedService service = bed.Apply(bed.NewService().OfLines().To(
            EndpointObject.Of(There), Terminating(Here), EndpointObject.Of(bed.Node1.Pods[2]) with { Ready = false }));

        Assert.Equal([There.Name], Answering(Near, service.Object.ClusterIp));
        Assert.Equal([There.Name], Answering(Far, service.Object.ClusterIp));
    }

    [RequiresRootFact]
    public void K20_WithoutAReadyOneThoseThatStillServeWhileTheyTerminateDo()
    {
        using AppliedService service = bed.Apply(bed.NewService().OfLines().To(
            Terminating(Here), Terminating(There), Terminating(bed.Node1.Pods[2]) with { Serving = false }, EndpointObject.Of(bed.Node2.Pods[2]) with { Ready = false }));
        Assert.Equal([Here.Name, There.Name], Answering(Near, service.Object.ClusterIp));

        service.Change(s => s.To(Terminating(Here) with { Serving = false }, EndpointObject.Of(There) with { Ready = false }));
        Assert.Equal(Curl.Refused, Who.Ask(Near.Net, "tcp", service.Object.ClusterIp, 80).ToString());
    }

    [RequiresRootFact]
    public void K20_TheClusterAndEachNodeDecideByThemselves()
    {
        // The cluster has a ready endpoint, node-1 has none.
        using AppliedService service = bed.Apply(bed.NewService().OfLines().To(Terminating(Here), EndpointObject.Of(There)) with { Type = "NodePort", Spec = ["externalTrafficPolicy: Local"] });

        Assert.Equal([There.Name], Answering(Near, service.Object.ClusterIp));
        Assert.Equal(
            [$"{Here.Name} saw {ServiceBed.NeighborAddress}"],
            Who.AskMany(bed.Neighbor, "tcp", bed.Node1.Address, service.Object.NodePort, 20).Select(answer => answer.ToString()).Distinct());
        Assert.Equal($"{There.Name} saw {ServiceBed.NeighborAddress}", Who.Ask(bed.Neighbor, "tcp", bed.Node2.Address, service.Object.NodePort).ToString());

        service.Change(s => s with { Spec = ["internalTrafficPolicy: Local"] });
        Assert.Equal([Here.Name], Answering(Near, service.Object.ClusterIp));
        Assert.Equal([There.Name], Answering(Far, service.Object.ClusterIp));
    }

    [RequiresRootFact]
    public void K21_HintsForZonesKeepConnectionsInTheZoneIfEveryReadyEndpointHasOne()
    {
        SetZones("a", "b");
        try
        {
            ServiceObject hinted = bed.NewService().OfLines().To(ForZone(Here, "a"), ForZone(bed.Node1.Pods[2], "c"), ForZone(There, "b"));
            using AppliedService service = bed.Apply(hinted with { Type = "NodePort" });
            Assert.Equal([Here.Name], Answering(Near, service.Object.ClusterIp));
            Assert.Equal([There.Name], Answering(Far, service.Object.ClusterIp));
            Assert.Equal([There.Name], Answering(bed.Neighbor, bed.Node2.Address, service.Object.NodePort));

            service.Change(s => s.To([.. s.Endpoints, EndpointObject.Of(bed.Node2.Pods[2]) with { Ready = false }])); // only ready ones need a hint
            Assert.Equal([Here.Name], Answering(Near, service.Object.ClusterIp));

            service.Change(s => s.To([.. hinted.Endpoints, EndpointObject.Of(bed.Node2.Pods[2])])); // one has none: nobody's counts
            Assert.Equal([Here.Name, bed.Node1.Pods[2].Name, There.Name, bed.Node2.Pods[2].Name], Answering(Near, service.Object.ClusterIp));

            service.Change(s => s.To(ForZone(Here, "b"), ForZone(There, "b"))); // none is for node-1's zone
            Assert.Equal([Here.Name, There.Name], Answering(Near, service.Object.ClusterIp));
        }
        finally
        {
            SetZones(null, null);
        }
    }

    [RequiresRootFact]
    public void K21_ANodesNewZoneCountsAtOnce()
    {
        SetZones("a", "b");
        try
        {
            using AppliedService service = bed.Apply(bed.NewService().OfLines().To(ForZone(Here, "a"), ForZone(There, "b")));
            Assert.Equal([Here.Name], Answering(Near, service.Object.ClusterIp));

            SetZones("b", "b");
            bed.Settle();
            Assert.Equal([There.Name], Answering(Near, service.Object.ClusterIp));

            SetZones(null, "b");
            bed.Settle();
            Assert.Equal([Here.Name, There.Name], Answering(Near, service.Object.ClusterIp));
        }
        finally
        {
            SetZones(null, null);
        }
    }

    [RequiresRootFact]
    public void K21_HintsForNodesComeBeforeThoseForZones()
    {
        SetZones("a", "b");
        try
        {
            EndpointObject here = EndpointObject.Of(Here) with { ForNodes = [bed.Node1.Name], ForZones = ["b"] }, there = EndpointObject.Of(There) with { ForNodes = [bed.Node2.Name], ForZones = ["a"] };
            using AppliedService service = bed.Apply(bed.NewService().OfLines().To(here, there));
            Assert.Equal([Here.Name], Answering(Near, service.Object.ClusterIp));
            Assert.Equal([There.Name], Answering(Far, service.Object.ClusterIp));

            service.Change(s => s.To(here, there with { ForNodes = [] })); // not every one is for nodes: zones then
            Assert.Equal([There.Name], Answering(Near, service.Object.ClusterIp));
            Assert.Equal([Here.Name], Answering(Far, service.Object.ClusterIp));
        }
        finally
        {
            SetZones(null, null);
        }
    }

    [RequiresRootFact]
    public void K21_HintsDoNotTouchTheLocalPolicies()
    {
        SetZones("a", "b");
        try
        {
            using AppliedService service = bed.Apply(bed.NewService().OfLines().To(ForZone(Here, "b"), ForZone(There, "a"))
                with { Type = "NodePort", Spec = ["internalTrafficPolicy: Local", "externalTrafficPolicy: Local"] });

            Assert.Equal([Here.Name], Answering(Near, service.Object.ClusterIp));
            Assert.Equal([There.Name], Answering(bed.Neighbor, bed.Node2.Address, service.Object.NodePort));
        }
        finally
        {
            SetZones(null, null);
        }
    }

    private static EndpointObject Terminating(ClusterPod pod) => EndpointObject.Of(pod) with { Ready = false, Terminating = true };

    private static EndpointObject ForZone(ClusterPod pod, string zone) => EndpointObject.Of(pod) with { ForZones = [zone] };

    private static IEnumerable<string> Answering(ClusterPod client, string address) => Answering(client.Net, address, 80);

    // Of four endpoints, one that takes connections is missed in sixty one time in 30 million.
    private static IEnumerable<string> Answering(NetworkNamespace client, string address, int port) => Who.Count(client, address, port, 60).Keys.Order();

    // In force with the next Settle.
    private void SetZones(string? first, string? second)
    {
        foreach ((DataplaneNode node, string? zone) in ((DataplaneNode, string?)[])[(bed.Node1, first), (bed.Node2, second)])
            bed.Cluster.Manifests.ApplyNode(node, zone is null ? null : new Dictionary<string, string> { [Zone] = zone });
    }
}
