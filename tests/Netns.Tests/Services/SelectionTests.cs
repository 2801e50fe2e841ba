using Dataplane.Netns.Tests.Behaviour;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>Which services are served, and which endpoints count: rows K1 to K4.</summary>
[Collection(ServiceBed.Name)]
public sealed class SelectionTests(ServiceBed bed)
{
    private const string ProxyName = "service.kubernetes.io/service-proxy-name";

    private ClusterPod Pod => bed.Node1.Pods[0];

    private NetworkNamespace Client => bed.Node1.Pods[1].Net;

    private string Served => $"{Pod.Name} saw {bed.Node1.Pods[1].Address}";

    [RequiresRootTheory]
    [InlineData(ProxyName)]
    [InlineData("service.kubernetes.io/headless")]
    public void K1_ALabelTakesAServiceAwayAndGivesItBackWhileWeRun(string label)
    {
        using AppliedService service = bed.Apply(bed.NewService(Pod) with { Type = "NodePort", Labels = $"{{{label}: other}}" });
        ExpectNotServed();

        service.Change(s => s with { Labels = "{}" });
        Assert.Equal(Served, Curl.Get(Client, service.Object.ClusterIp, 80));
        Assert.Equal($"{Pod.Name} saw {ServiceBed.NeighborAddress}", Curl.Get(bed.Neighbor, bed.Node1.Address, service.Object.NodePort));

        service.Change(s => s with { Labels = $"{{{label}: \"\"}}" });
        ExpectNotServed();

        void ExpectNotServed()
        {
            ServiceBed.ExpectDrop(bed.Node1, "ServiceUnknown", () => Assert.Equal(Curl.Silence, Curl.GetNothing(Client, service.Object.ClusterIp, 80)));
            Assert.Equal(Curl.Refused, Curl.Get(bed.Neighbor, bed.Node1.Address, service.Object.NodePort));
        }
    }

    [RequiresRootFact]
    public void K1_AnAgentWithAProxyNameServesTheServicesOfThatNameInsteadOfTheOthers()
    {
        NetworkNamespace client = bed.Node2.Pods[1].Net;
        string served = $"{Pod.Name} saw {bed.Node2.Pods[1].Address}";
        using AppliedService ordinary = bed.Apply(bed.NewService(Pod));
        using AppliedService named = bed.Apply(bed.NewService(Pod) with { Labels = $"{{{ProxyName}: ours}}" });
        Assert.Equal(served, Curl.Get(client, ordinary.Object.ClusterIp, 80));
        Assert.Equal(Curl.Silence, Curl.GetNothing(client, named.Object.ClusterIp, 80));

        using (bed.RestartAgent(bed.Node2, "--service-proxy-name", "ours"))
        {
            Eventually.True(() => Curl.GetNothing(client, named.Object.ClusterIp, 80) == served, "the service of our name is served");
            Assert.Equal(Curl.Silence, Curl.GetNothing(client, ordinary.Object.ClusterIp, 80));
        }
        Assert.Equal(served, Curl.Get(client, ordinary.Object.ClusterIp, 80));
        Assert.Equal(Curl.Silence, Curl.GetNothing(client, named.Object.ClusterIp, 80));
    }

    [RequiresRootFact]
    public void K2_ChangesOfTypeConvergeBothWays()
    {
        ServiceObject clusterIp = bed.NewService(Pod);
        ServiceObject nodePort = clusterIp with { Type = "NodePort" };
        ServiceObject externalName = clusterIp with { Type = "ExternalName", Spec = ["externalName: example.com"] };
        ServiceObject headless = clusterIp with { ClusterIp = "None" };
        using AppliedService service = bed.Apply(externalName);
        foreach (ServiceObject version in (ServiceObject[])[externalName, clusterIp, nodePort, externalName, nodePort, headless, nodePort, clusterIp])
        {
            service.Change(_ => version);
            string seen = $"{(version == nodePort ? "NodePort" : version == clusterIp ? "ClusterIP" : "none")}: ";
            Assert.Equal(
                seen + (version == nodePort || version == clusterIp ? Served : Curl.Silence),
                seen + Curl.GetNothing(Client, clusterIp.ClusterIp, 80));
            Assert.Equal(
                seen + (version == nodePort ? $"{Pod.Name} saw {ServiceBed.NeighborAddress}" : Curl.Refused),
                seen + Curl.Get(bed.Neighbor, bed.Node1.Address, clusterIp.NodePort));
        }
    }

    [RequiresRootFact]
    public void K3_PortsAreToldApartByNameAndProtocolAndTheirTargetsAreTheSlices()
    {
        ClusterPod lines = bed.Node1.Pods[0], datagrams = bed.Node2.Pods[0], pages = bed.Node2.Pods[1];
        ServiceObject names = bed.NewService();
        string service = $$"""
            apiVersion: v1
            kind: Service
            metadata: {namespace: default, name: {{names.Name}}}
            spec:
              clusterIP: {{names.ClusterIp}}
              ports:
              - {name: lines, protocol: TCP, port: 53, targetPort: 1}
              - {name: datagrams, protocol: UDP, port: 53, targetPort: 2}
              - {name: pages, protocol: TCP, port: 54, targetPort: 3}
              - {name: empty, protocol: TCP, port: 55, targetPort: 8080}
            ---

            """;
        SliceObject[] slices =
        [
            Slice("a", "lines", "TCP", Who.Tcp, lines), Slice("b", "datagrams", "UDP", Who.Udp, datagrams), Slice("c", "pages", "TCP", 8080, pages),
            // What is of another name or another protocol is no port of the service.
            Slice("d", "lines", "UDP", Who.OtherUdp, pages), Slice("e", "other", "TCP", 8080, pages), Slice("f", "empty", "UDP", Who.Udp, pages),
        ];
        using AppliedText applied = bed.Apply(names.Name, service + string.Join("---\n", slices.Select(slice => slice.ToString())));

        Assert.Equal([$"{lines.Name} saw {bed.Node1.Pods[1].Address}"], Who.AskMany(Client, "tcp", names.ClusterIp, 53, 20).Select(a => a.ToString()).Distinct());
        Assert.Equal($"{datagrams.Name} saw {bed.Node1.Pods[1].Address}", Who.Ask(Client, "udp", names.ClusterIp, 53).ToString());
        Assert.Equal($"{pages.Name} saw {bed.Node1.Pods[1].Address}", Curl.Get(Client, names.ClusterIp, 54));
        Assert.Equal(Curl.Refused, Curl.Get(Client, names.ClusterIp, 55));
        Assert.Equal(Curl.Refused, Who.Ask(Client, "udp", names.ClusterIp, 54).ToString());

        SliceObject Slice(string name, string portName, string protocol, int port, ClusterPod pod) =>
            new($"{names.Name}-{name}", names.Name, [EndpointObject.Of(pod)]) { PortName = portName, Protocol = protocol, Port = port };
    }

    [RequiresRootFact]
    public void K4_EndpointsOfAllSlicesAreOneSetWithoutDoubles()
    {
        ClusterPod first = bed.Node1.Pods[0], both = bed.Node1.Pods[2], last = bed.Node2.Pods[0], second = bed.Node2.Pods[1];
        using AppliedService service = bed.Apply(bed.NewService(first, both).OfLines());
        var more = new SliceObject(service.Object.Name + "-2", service.Object.Name, [EndpointObject.Of(both), EndpointObject.Of(last)]) { Port = Who.Tcp };
        // Of an endpoint with two addresses only the first counts.
        string yaml = more.ToString().Replace($"\"{last.Address}\"", $"\"{last.Address}\", \"{second.Address}\"", StringComparison.Ordinal);
        using AppliedText slice = bed.Apply("slice-" + more.Name, yaml);

        Dictionary<string, int> answers = Who.Count(Client, service.Object.ClusterIp, 80, 600);

        Assert.Equal([first.Name, both.Name, last.Name], answers.Keys.Order());
        Assert.All(answers, pod => Assert.InRange(pod.Value, 140, 260)); // 200, with a standard deviation of 11.5
    }

    [RequiresRootFact]
    public void K4_AnEndpointThatMovesFromSliceToSliceIsNeverMissed()
    {
        ServiceObject service = bed.NewService(Pod).OfLines();
        using AppliedService applied = bed.Apply(service);
        var slice = new SliceObject(service.Name + "-2", service.Name, [EndpointObject.Of(Pod)]) { Port = Who.Tcp };
        using Dialogue load = Who.KeepConnecting(Client, service.ClusterIp, 80);
        for (int round = 0; round < 5; round++)
        {
            using (bed.Apply("slice-" + slice.Name, slice.ToString()))
                applied.Change(s => s.To((ClusterPod[])[]));
            applied.Change(s => s.To(Pod)); // the other slice's file went in the same moment
        }
        load.Next(20);

        Assert.Equal([Served], load.Answers.Select(answer => answer.ToString()).Distinct());
    }
}
