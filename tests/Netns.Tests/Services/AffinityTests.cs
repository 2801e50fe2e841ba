using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>Session affinity by client address: row K19.</summary>
[Collection(ServiceBed.Name)]
public sealed class AffinityTests(ServiceBed bed)
{
    private ClusterPod[] AllPods => [.. bed.Cluster.Pods];

    [RequiresRootFact]
    public void K19_AClientKeepsItsEndpointWhicheverAddressOfTheServiceItUses()
    {
        string external = bed.NewAddress();
        using AppliedService lines = bed.Apply(bed.NewService(AllPods).OfLines() with { Type = "NodePort", Spec = [.. Sticky(10800), $"externalIPs: [{external}]"] });
        foreach ((NetworkNamespace client, DataplaneNode node) in ((NetworkNamespace, DataplaneNode)[])[(bed.Node1.Pods[1].Net, bed.Node2), (bed.Node2.Pods[1].Net, bed.Node1), (bed.Node1.Net, bed.Node1)])
        {
            Assert.Single(new[] { (lines.Object.ClusterIp, 80), (external, 80), (node.Address, lines.Object.NodePort) }
                .SelectMany(at => Who.AskMany(client, "tcp", at.Item1, at.Item2, 8)).Select(answer => answer.ToString()).Distinct());
        }
    }

    [RequiresRootFact]
    public void K19_EachClientFromOutsideKeepsItsOwnEndpointByTcpAndByUdp()
    {
        using AppliedService lines = bed.Apply(bed.NewService(AllPods).OfLines() with { Type = "NodePort", Spec = Sticky(10800) });
        using AppliedService datagrams = bed.Apply(bed.NewService(AllPods).OverUdp() with { Type = "NodePort", Spec = Sticky(10800) });
        using var clients = new ManyAddresses(bed.Neighbor);
        foreach ((string protocol, int port) in ((string, int)[])[("tcp", lines.Object.NodePort), ("udp", datagrams.Object.NodePort)])
        {
            string[] first = clients.Ask(protocol, bed.Node1.Address, port);

            Assert.Equal(first, clients.Ask(protocol, bed.Node1.Address, port));
            Assert.Equal(first, clients.Ask(protocol, bed.Node1.Address, port));
            Assert.True(first.Distinct().Count() > 1, $"all {first.Length} clients have {first[0]}: one time in 6^11");
        }
    }

    [RequiresRootFact]
    public void K19_EachNewConnectionStartsTheTimeoutAnewAndWithoutOneItEnds()
    {
        const int timeout = 5; // seconds
        using AppliedService lines = bed.Apply(bed.NewService(AllPods).OfLines() with { Type = "NodePort", Spec = Sticky(timeout) });
        using var clients = new ManyAddresses(bed.Neighbor);
        string[] first = clients.Ask("tcp", bed.Node1.Address, lines.Object.NodePort);

        // One of them comes back in time again and again, for longer than the timeout.
        var kept = Who.AskMany(bed.Node1.Pods[1].Net, "tcp", lines.Object.ClusterIp, 80, 5, "--interval", "1.8");

        Assert.Single(kept.Select(answer => answer.ToString()).Distinct());
        // All others were away for that long. That none of twelve is given another one of six endpoints happens one time in 6^12.
        Assert.NotEqual(first, clients.Ask("tcp", bed.Node1.Address, lines.Object.NodePort));
    }

    [RequiresRootFact]
    public void K19_AClientWhoseEndpointIsGoneGetsAnotherAndKeepsThat()
    {
        using AppliedService lines = bed.Apply(bed.NewService(AllPods).OfLines() with { Spec = Sticky(10800) });
        NetworkNamespace client = bed.Node1.Pods[1].Net;
        for (int round = 0; round < 3; round++)
        {
            string name = Who.Ask(client, "tcp", lines.Object.ClusterIp, 80).Pod!;
            lines.Change(s => s with { Endpoints = [.. s.Endpoints.Where(e => e.Address != AllPods.Single(pod => pod.Name == name).Address)] });

            string[] now = [.. Who.AskMany(client, "tcp", lines.Object.ClusterIp, 80, 10).Select(answer => answer.Pod!).Distinct()];

            Assert.NotEqual(name, Assert.Single(now));
        }
    }

    [RequiresRootFact]
    public void K19_ClientsKeepTheirEndpointsWhenTheDataplaneIsReplaced()
    {
        using AppliedService lines = bed.Apply(bed.NewService(AllPods).OfLines() with { Type = "NodePort", Spec = Sticky(10800) });
        using AppliedService datagrams = bed.Apply(bed.NewService(AllPods).OverUdp() with { Type = "NodePort", Spec = Sticky(10800) });
        using var clients = new ManyAddresses(bed.Neighbor);
        string[] byTcp = clients.Ask("tcp", bed.Node1.Address, lines.Object.NodePort), byUdp = clients.Ask("udp", bed.Node1.Address, datagrams.Object.NodePort);

        bed.ReplaceDataplane(bed.Node1);

        // By chance one time in 6^24.
        Assert.Equal(byTcp, clients.Ask("tcp", bed.Node1.Address, lines.Object.NodePort));
        Assert.Equal(byUdp, clients.Ask("udp", bed.Node1.Address, datagrams.Object.NodePort));
    }

    [RequiresRootFact]
    public void K19_AffinityIsSwitchedOnAndOffWhileClientsConnect()
    {
        using AppliedService lines = bed.Apply(bed.NewService(AllPods).OfLines());
        NetworkNamespace client = bed.Node2.Pods[1].Net;
        for (int round = 0; round < 2; round++)
        {
            Assert.Equal(6, Who.Count(client, lines.Object.ClusterIp, 80, 120).Count);
            lines.Change(s => s with { Spec = Sticky(10800) });
            Assert.Single(Who.Count(client, lines.Object.ClusterIp, 80, 40));
            lines.Change(s => s with { Spec = [] });
        }
        Assert.Equal(6, Who.Count(client, lines.Object.ClusterIp, 80, 120).Count);
    }

    private static string[] Sticky(int seconds) => ["sessionAffinity: ClientIP", $"sessionAffinityConfig: {{clientIP: {{timeoutSeconds: {seconds}}}}}"];

    // Twelve addresses of a host outside: as many clients.
    private sealed class ManyAddresses : IDisposable
    {
        private readonly NetworkNamespace _host;
        private readonly string[] _addresses = [.. Enumerable.Range(121, 12).Select(number => $"192.168.77.{number}")];

        public ManyAddresses(NetworkNamespace host)
        {
            _host = host;
            foreach (string address in _addresses)
                host.AddAddress("eth0", address + "/24");
        }

        public string[] Ask(string protocol, string address, int port) =>
            [.. Who.AskMany(_host, protocol, address, port, 1, ["--source", .. _addresses]).Select(answer => answer.ToString().Split(' ')[0])];

        public void Dispose()
        {
            foreach (string address in _addresses)
                _host.Ip($"address del {address}/24 dev eth0");
        }
    }
}
