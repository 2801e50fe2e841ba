using System.Globalization;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>What becomes of connections when a node's dataplane is stopped and another is started: rows F2 and F3.</summary>
[Collection(ServiceBed.Name)]
public sealed class ReplacedDataplaneTests(ServiceBed bed)
{
    private static readonly string[] Busy = ["--interval", "0.1"], Quiet = ["--interval", "30"]; // seconds between questions

    // TCP doubles its pauses: what was silent for 15 s may be so for 30.
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    // Not the first, whose answers tell the bed that its nodes have settled.
    private ClusterPod Near => bed.Node1.Pods[1];

    private ClusterPod Far => bed.Node2.Pods[1];

    [RequiresRootFact]
    public void F3_ConnectionsGoOn()
    {
        using AppliedService lines = bed.Apply(bed.NewService(bed.Node1.Pods[0], bed.Node2.Pods[0]).OfLines() with { Type = "NodePort" });
        (string Name, NetworkNamespace Client, string Address, int Port, string[] Options)[] ways =
        [
            .. Enumerable.Range(1, 4).Select(i => (string.Create(CultureInfo.InvariantCulture, $"pod by service, {i}"), Near.Net, lines.Object.ClusterIp, 80, Busy)),
            ("pod", Near.Net, Far.Address, Who.Tcp, Busy), ("pod from elsewhere", Far.Net, Near.Address, Who.Tcp, Busy), ("pod of this node", Near.Net, bed.Node1.Pods[2].Address, Who.Tcp, Busy),
            ("pod from elsewhere by service", Far.Net, lines.Object.ClusterIp, 80, Busy),
            ("pod by the other node's node port", Near.Net, bed.Node2.Address, lines.Object.NodePort, Busy),
            ("node by service", bed.Node1.Net, lines.Object.ClusterIp, 80, Busy), ("node", bed.Node1.Net, Far.Address, Who.Tcp, Busy), ("other node", bed.Node2.Net, Near.Address, Who.Tcp, Busy),
            // What comes from outside meanwhile the node's own stack answers, and it knows nothing of them.
            ("pod to the world", Near.Net, Cluster.WorldAddress, Who.Tcp, Quiet), ("world by node port", bed.World, bed.Node1.Address, lines.Object.NodePort, Quiet),
        ];
        Dialogue[] connections = [.. ways.Select(way => Who.Hold(way.Client, way.Address, way.Port, [.. way.Options, "--timeout", "60"]))];
        try
        {
            string[] before = [.. connections.Select(connection => connection.Last with { Milliseconds = 0 }).Select(answer => $"{answer} {answer.From}")];

            bed.ReplaceDataplane(bed.Node1);

            foreach (var ((connection, was), way) in connections.Zip(before).Zip(ways))
                Assert.Equal($"{way.Name}: {was}", $"{way.Name}: {connection.Next(1, Bound)[^1]} {connection.Last.From}");
            Assert.DoesNotContain(connections, connection => connection.HasEnded);
            // What was led here for their sake is not the other node itself.
            Assert.Contains(" dev eth0 ", bed.Node1.Net.Run("ip", "route", "get", bed.Node2.Address).Output, StringComparison.Ordinal);
            Assert.DoesNotContain(bed.Node2.Address, bed.Node1.Net.Run("ip", "rule").Output, StringComparison.Ordinal);
        }
        finally
        {
            foreach (Dialogue connection in connections)
                connection.Dispose();
        }
    }

    [RequiresRootFact]
    public void F3_DatagramFlowsKeepTheirEndpoints()
    {
        using AppliedService service = bed.Apply(bed.NewService([.. bed.Cluster.Pods]).OverUdp());
        Dialogue[] clients = [.. Enumerable.Range(0, 5).Select(_ => Who.KeepAsking(Near.Net, service.Object.ClusterIp, 80))];
        try
        {
            foreach (Dialogue client in clients)
                client.WaitFor(answers => answers.Count(answer => answer.Pod is not null) > 2, "be answered");
            string[] before = [.. clients.Select(client => client.Last.ToString())];

            bed.ReplaceDataplane(bed.Node1);

            foreach ((Dialogue client, string was) in clients.Zip(before))
                client.WaitFor(was); // of five clients each the same one of six endpoints: by chance one time in 7,776
        }
        finally
        {
            foreach (Dialogue client in clients)
                client.Dispose();
        }
    }

    [RequiresRootFact]
    public void F3_ConnectionsThatAPolicyForbidsMeanwhileStop()
    {
        using Dialogue forbidden = Who.Hold(Far.Net, Near.Address, Who.Tcp, [.. Busy, "--timeout", "60"]), other = Who.Hold(Far.Net, bed.Node1.Pods[2].Address, Who.Tcp, [.. Busy, "--timeout", "60"]);
        const string policy = "policy-replaced";
        try
        {
            bed.ReplaceDataplane(bed.Node1, () => bed.Cluster.Manifests.Apply(policy, $$$"""
                    apiVersion: networking.k8s.io/v1
                    kind: NetworkPolicy
                    metadata: {namespace: {{{Near.Namespace}}}, name: replaced}
                    spec: {podSelector: {matchLabels: {app: {{{Near.Name}}} } }, policyTypes: [Ingress]}
                    """));
            int known = forbidden.Answers.Count;
            other.Next(10, Bound);
            Assert.Equal(known, forbidden.Answers.Count);
        }
        finally
        {
            bed.Cluster.Manifests.Delete(policy);
        }
        forbidden.Next(1, Bound);
    }

    [RequiresRootFact]
    public void K18_ConnectionsFromOutsideOutliveTheirServiceThatIsDeletedMeanwhile()
    {
        using AppliedService lines = bed.Apply(bed.NewService(bed.Node1.Pods[0]).OfLines() with { Type = "NodePort" });
        using Dialogue connection = Who.Hold(bed.World, bed.Node1.Address, lines.Object.NodePort, [.. Quiet, "--timeout", "60"]);
        string before = connection.Last.ToString();

        bed.ReplaceDataplane(bed.Node1, lines.Dispose);

        Assert.Equal(before, connection.Next(1, Bound)[0].ToString());
        Assert.Equal("refused", Who.Ask(bed.World, "tcp", bed.Node1.Address, lines.Object.NodePort).ToString());
    }

    [RequiresRootFact]
    public void P28_APodThatGetsAnAddressMeanwhileInheritsNoFlows()
    {
        using ExtraPod pod = bed.AddPod(bed.Node1);
        using Dialogue datagrams = Who.KeepAsking(pod.Pod.Net, Far.Address, Who.Udp);
        datagrams.WaitFor($"{Far.Name} saw {pod.Pod.Address}");
        string flow = $"UDP {pod.Pod.Address}:";
        Assert.Contains(flow, bed.Node1.Dpctl("ct", "list", "--address", pod.Pod.Address), StringComparison.Ordinal);

        bed.Node1.Agent!.Stop(TimeSpan.FromSeconds(10)); // so that the other one comes before there is a state
        try
        {
            bed.Node1.StopDataplane();
            pod.LoseInterface();
        }
        finally
        {
            bed.Node1.StartDataplane();
        }
        try
        {
            bed.Node1.Dataplane!.WaitForOutput("control on", Bound);
            Assert.Contains(flow, bed.Node1.Dpctl("ct", "list", "--address", pod.Pod.Address), StringComparison.Ordinal);
            NetworkNamespace other = bed.Cluster.Topology.AddNamespace("heir");
            bed.Node1.Dpctl("endpoint", "add", "--pod", "default/heir", "--ip", pod.Pod.Address, "--netns", other.Path);
            Assert.DoesNotContain(flow, bed.Node1.Dpctl("ct", "list", "--address", pod.Pod.Address), StringComparison.Ordinal);
        }
        finally
        {
            bed.Node1.TryDpctl("endpoint", "delete", "--pod", "default/heir");
            bed.Node1.StartAgent();
            bed.Cluster.WaitUntilPodsReady();
            bed.Settle();
        }
    }

    [RequiresRootFact]
    public void K25_WhoIsConnectedWithAPodThatGoesMeanwhileIsReset()
    {
        using ExtraPod pod = bed.AddPod(bed.Node2);
        using AppliedService service = bed.Apply(bed.NewService(pod.Pod).OfLines());
        using Dialogue waits = Who.Hold(Near.Net, service.Object.ClusterIp, 80), sends = Who.Hold(Near.Net, pod.Pod.Address, Who.Tcp, [.. Busy, "--timeout", "60"]);

        bed.ReplaceDataplane(bed.Node1, () => pod.Remove());

        foreach (Dialogue connection in (Dialogue[])[waits, sends])
            Assert.Equal("reset", connection.End(Bound).ToString());
    }

    [RequiresRootFact]
    public void K24_DatagramsToAnEndpointThatIsTakenAwayMeanwhileFindAnother()
    {
        ClusterPod first = bed.Node1.Pods[0], second = bed.Node2.Pods[0];
        using AppliedService changed = bed.Apply(bed.NewService(first).OverUdp()), deleted = bed.Apply(bed.NewService(first).OverUdp());
        using Dialogue client = Who.KeepAsking(Near.Net, changed.Object.ClusterIp, 80), other = Who.KeepAsking(Near.Net, deleted.Object.ClusterIp, 80);
        foreach (Dialogue dialogue in (Dialogue[])[client, other])
            dialogue.WaitFor($"{first.Name} saw {Near.Address}");

        bed.ReplaceDataplane(bed.Node1, () =>
        {
            changed.ChangeSoon(s => s.To(second));
            deleted.Dispose();
        });

        client.WaitFor($"{second.Name} saw {Near.Address}");
        other.WaitFor("silence"); // an address that no service has is not answered
        Assert.All(other.Next(3), answer => Assert.NotNull(answer.Error));
    }
}
