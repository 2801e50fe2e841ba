using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>Whose address and port an endpoint sees: rows K22 and K36.</summary>
[Collection(ServiceBed.Name)]
public sealed class MasqueradeTests(ServiceBed bed)
{
    private const int FirstNatPort = 49152;
    private const int SourcePort = 21000; // below those that stacks choose: no connection of another test has it

    private ClusterPod Pod => bed.Node1.Pods[0];

    [RequiresRootFact]
    public void K22_APodThatReachesItselfSeesItsGateway()
    {
        string external = bed.NewAddress();
        string[] spec = [$"externalIPs: [{external}]"];
        using AppliedService lines = bed.Apply(bed.NewService(Pod).OfLines() with { Type = "NodePort", Spec = spec });
        using AppliedService datagrams = bed.Apply(bed.NewService(Pod).OverUdp() with { Type = "NodePort", Spec = spec });
        foreach ((string protocol, ServiceObject service) in ((string, ServiceObject)[])[("tcp", lines.Object), ("udp", datagrams.Object)])
        {
            foreach ((string address, int port) in ((string, int)[])[(service.ClusterIp, 80), (external, 80), (bed.Node1.Address, service.NodePort), (bed.Node2.Address, service.NodePort)])
                Assert.Equal($"{protocol} {address}: {Pod.Name} saw {bed.Node1.HostPortAddress}", $"{protocol} {address}: {Who.Ask(Pod.Net, protocol, address, port)}");
        }
    }

    [RequiresRootFact]
    public void K22_NobodyElseInTheClusterLosesAddressOrPort()
    {
        using AppliedService lines = bed.Apply(bed.NewService(Pod).OfLines() with { Type = "NodePort" });
        using AppliedService datagrams = bed.Apply(bed.NewService(Pod).OverUdp() with { Type = "NodePort" });
        int port = SourcePort;
        foreach (ClusterPod client in (ClusterPod[])[bed.Node1.Pods[1], bed.Node2.Pods[1]])
        {
            foreach ((string protocol, string address, int at) in ((string, string, int)[])
                [
                    ("tcp", lines.Object.ClusterIp, 80), ("udp", datagrams.Object.ClusterIp, 80), ("tcp", bed.Node2.Address, lines.Object.NodePort), ("udp", bed.Node1.Address, datagrams.Object.NodePort),
                    ("tcp", Pod.Address, Who.Tcp), ("udp", Pod.Address, Who.Udp),
                ])
            {
                Answer answer = Who.Ask(client.Net, protocol, address, at, "--source-port", $"{++port}");
                Assert.Equal($"{Pod.Name} saw {client.Address}:{port}", $"{answer}:{answer.Port}");
            }
        }
        // Nor from outside, where the endpoint is on the node that is asked.
        Answer outside = Who.Ask(bed.World, "tcp", bed.Node1.Address, lines.Object.NodePort, "--source-port", $"{SourcePort}");
        Assert.Equal($"{Pod.Name} saw {Cluster.WorldAddress}:{SourcePort}", $"{outside}:{outside.Port}");
    }

    [RequiresRootTheory]
    [InlineData("tcp")]
    [InlineData("udp")]
    public void K22_TheNewPortsAreDrawnAtRandom(string protocol)
    {
        ServiceObject service = protocol == "udp" ? bed.NewService(Pod).OverUdp() : bed.NewService(Pod).OfLines();
        using AppliedService applied = bed.Apply(service with { Type = "NodePort" });
        string[] sources = [.. Enumerable.Range(0, 30).Select(_ => ServiceBed.NeighborAddress)]; // a socket for each

        int[] ports = [.. Who.AskMany(bed.Neighbor, protocol, bed.Node2.Address, service.NodePort, 1, ["--source", .. sources]).Select(answer => answer.Port)];

        Assert.Equal(30, ports.Length);
        Assert.All(ports, port => Assert.InRange(port, FirstNatPort, ushort.MaxValue));
        Assert.True(ports.Distinct().Count() >= 28, $"too few different ones: {string.Join(' ', ports)}"); // three pairs of 30 among 16,384: one time in 300,000
        int near = ports.Zip(ports.Skip(1)).Count(pair => Math.Abs(pair.First - pair.Second) < 100);
        Assert.True(near < 10, $"one follows from the other: {string.Join(' ', ports)}");
    }

    [RequiresRootTheory]
    [InlineData("tcp")]
    [InlineData("udp")]
    public void K22_ClientsWithTheSamePortAreToldApart(string protocol)
    {
        ServiceObject service = protocol == "udp" ? bed.NewService(Pod).OverUdp() : bed.NewService(Pod).OfLines();
        using AppliedService applied = bed.Apply(service with { Type = "NodePort" });
        NetworkNamespace[] clients = [bed.Neighbor, bed.World];

        Dialogue[] dialogues = [.. clients.Select(client => protocol == "udp"
            ? Who.KeepAsking(client, bed.Node2.Address, service.NodePort, "--source-port", $"{SourcePort}")
            : Who.Hold(client, bed.Node2.Address, service.NodePort, "--source-port", $"{SourcePort}", "--interval", "0.1"))];
        try
        {
            // Both go on at once, each with its own port as the pod sees it.
            int[] ports = [.. dialogues.Select(dialogue => Assert.Single(dialogue.Next(5).Select(answer => $"{answer}" == $"{Pod.Name} saw {bed.Node2.HostPortAddress}" ? answer.Port : -1).Distinct()))];
            Assert.All(ports, port => Assert.InRange(port, FirstNatPort, ushort.MaxValue));
            Assert.Equal(2, ports.Distinct().Count());
        }
        finally
        {
            foreach (Dialogue dialogue in dialogues)
                dialogue.Dispose();
        }
    }

    [RequiresRootTheory]
    [InlineData("tcp")]
    [InlineData("udp")]
    public void K36_OnePortTowardsSeveralAddressesOfOneEndpointIsSeveralConnections(string protocol)
    {
        string external = bed.NewAddress();
        ServiceObject service = protocol == "udp" ? bed.NewService(Pod).OverUdp() : bed.NewService(Pod).OfLines();
        using AppliedService applied = bed.Apply(service with { Type = "NodePort", Spec = [$"externalIPs: [{external}]"] });
        using OutsideRoute one = bed.RouteToward(external, bed.Node1), two = bed.RouteToward(service.ClusterIp, bed.Node1);
        int at = protocol == "udp" ? Who.Udp : Who.Tcp;
        (string Address, int Port)[] frontends = [(service.ClusterIp, 80), (external, 80), (bed.Node1.Address, service.NodePort), (bed.Node2.Address, service.NodePort)];
        foreach ((NetworkNamespace client, (string Address, int Port)[] targets) in ((NetworkNamespace, (string, int)[])[])
            [(bed.Node1.Pods[1].Net, [.. frontends, (Pod.Address, at)]), (bed.Node2.Pods[1].Net, [.. frontends, (Pod.Address, at)]), (bed.Neighbor, frontends)])
        {
            List<Dialogue> dialogues = [];
            try
            {
                foreach ((string address, int port) in targets)
                {
                    string[] options = ["--source-port", $"{SourcePort}", "--interval", "0.1"];
                    dialogues.Add(protocol == "udp" ? Who.KeepAsking(client, address, port, options) : Who.Hold(client, address, port, options));
                }
                var seen = new HashSet<string>();
                foreach (Dialogue dialogue in dialogues)
                {
                    // Each is answered, always as the same client, and that client is no other connection's.
                    Answer[] answers = [.. dialogue.Next(3)];
                    Assert.All(answers, answer => Assert.Equal(Pod.Name, answer.Pod ?? answer.Error));
                    Assert.True(seen.Add(Assert.Single(answers.Select(answer => $"{answer.Client}:{answer.Port}").Distinct())), $"{client.Name}: two connections are one to the pod: {string.Join(' ', seen)}");
                }
            }
            finally
            {
                dialogues.ForEach(dialogue => dialogue.Dispose());
            }
        }
    }
}
