using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>SCTP with the stack of usrsctp at both ends, which believes no packet with a wrong checksum: row K26.</summary>
[Collection(ServiceBed.Name)]
public sealed class SctpTests(ServiceBed bed)
{
    private const int Port = 7010;
    private static readonly Lock Compiling = new();

    private ClusterPod Pod => bed.Node1.Pods[0];

    private string Program
    {
        get
        {
            string program = Path.Combine(bed.Cluster.Topology.Folder, "sctp");
            lock (Compiling)
            {
                if (!File.Exists(program))
                    Command.Run("gcc", "-Wall", "-Werror", "-O1", "-o", program, Installed.TestFile("Traffic/sctp.c"), "-lusrsctp");
            }
            return program;
        }
    }

    [RequiresRootFact]
    public void K26_ServicesAreReachedOverSctpFromEverywhere()
    {
        string external = bed.NewAddress(), balancer = bed.NewAddress();
        using AppliedService service = bed.Apply(Sctp(Pod) with { Type = "LoadBalancer", Ingress = [balancer], Spec = [$"externalIPs: [{external}]"] });
        using BackgroundProcess server = Serve(Pod);
        foreach ((NetworkNamespace client, string seen) in ((NetworkNamespace, string)[])
            [(bed.Node1.Pods[1].Net, bed.Node1.Pods[1].Address), (bed.Node2.Pods[1].Net, bed.Node2.Pods[1].Address), (bed.Node1.Net, bed.Node1.HostPortAddress), (bed.Node2.Net, bed.Node2.HostPortAddress)])
        {
            foreach ((string address, int port) in ((string, int)[])[(service.Object.ClusterIp, 80), (external, 80), (balancer, 80)])
                Assert.Equal($"{Pod.Name} saw {seen}", Ask(client, address, port).ToString());
        }
        Assert.Equal($"{Pod.Name} saw {bed.Node1.Pods[1].Address}", Ask(bed.Node1.Pods[1].Net, bed.Node2.Address, service.Object.NodePort).ToString());
    }

    [RequiresRootFact]
    public void K26_FromOutsideThePortIsChangedAndTheChecksumWithIt()
    {
        using AppliedService service = bed.Apply(Sctp(Pod) with { Type = "NodePort" });
        using BackgroundProcess server = Serve(Pod);

        Answer near = Ask(bed.Neighbor, bed.Node1.Address, service.Object.NodePort, "5555"), far = Ask(bed.World, bed.Node2.Address, service.Object.NodePort, "5555");

        Assert.Equal($"{Pod.Name} saw {ServiceBed.NeighborAddress}:5555", $"{near}:{near.Port}");
        Assert.Equal($"{Pod.Name} saw {bed.Node2.HostPortAddress}", far.ToString());
        Assert.InRange(far.Port, 49152, ushort.MaxValue);
    }

    [RequiresRootFact]
    public void K26_PoliciesHoldForSctp()
    {
        using AppliedService service = bed.Apply(Sctp(Pod) with { Type = "NodePort", Spec = ["externalTrafficPolicy: Local"] });
        using BackgroundProcess server = Serve(Pod);

        Assert.Equal($"{Pod.Name} saw {ServiceBed.NeighborAddress}", Ask(bed.Neighbor, bed.Node1.Address, service.Object.NodePort).ToString());
        ServiceBed.ExpectDrop(bed.Node2, "ServiceNoLocalEndpoints", () => Assert.Equal(Curl.Silence, Ask(bed.Neighbor, bed.Node2.Address, service.Object.NodePort).ToString()));
    }

    [RequiresRootFact]
    public void P22_DenyAllStopsSctpAndOnlyARuleForItLetsItIn()
    {
        NetworkNamespace client = bed.Node2.Pods[1].Net;
        ClusterPod pod = bed.Node1.Pods[2]; // not the first, whose answers tell the bed that its nodes have settled
        using BackgroundProcess server = Serve(pod);
        Assert.Equal(pod.Name, Ask(client, pod.Address, Port).Pod);

        using AppliedText policy = bed.Apply("policy-sctp", Policy(pod, ""));
        Assert.Equal(Curl.Silence, Ask(client, pod.Address, Port).ToString());
        policy.Change(Policy(pod, "ingress: [{ports: [{protocol: TCP}, {protocol: UDP}]}]"));
        Assert.Equal(Curl.Silence, Ask(client, pod.Address, Port).ToString());
        policy.Change(Policy(pod, $"ingress: [{{ports: [{{protocol: SCTP, port: {Port}}}]}}]"));
        Assert.Equal(pod.Name, Ask(client, pod.Address, Port).Pod);
    }

    private static string Policy(ClusterPod pod, string rules) => $$$"""
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {namespace: {{{pod.Namespace}}}, name: sctp}
        spec:
          podSelector: {matchLabels: {app: {{{pod.Name}}} } }
          policyTypes: [Ingress]
          {{{rules}}}
        """;

    [RequiresRootFact]
    public void K26_AServiceWithoutEndpointsRefusesAndNothingGoesOutUntranslated()
    {
        using AppliedService service = bed.Apply(Sctp() with { Type = "NodePort" });
        ClusterPod client = bed.Node1.Pods[1];
        using var errors = new Sniffer(client.Net, "eth0", "icmp");
        using var wire = new Sniffer(bed.Router, "eth0", $"dst net {Cluster.ServiceCidr}");

        Assert.Equal(Curl.Silence, Ask(client.Net, service.Object.ClusterIp, 80).ToString()); // usrsctp does not listen to ICMP

        errors.WaitFor($"ICMP {service.Object.ClusterIp} protocol 132 port 80 unreachable");
        Assert.Empty(wire.Packets);
    }

    private ServiceObject Sctp(params ClusterPod[] pods) => bed.NewService(pods) with { Protocol = "SCTP", TargetPort = Port };

    private BackgroundProcess Serve(ClusterPod pod)
    {
        BackgroundProcess server = pod.Net.Start(Program, "serve", pod.Name, $"{Port}");
        server.WaitForOutput("serving", TimeSpan.FromSeconds(10));
        return server;
    }

    private Answer Ask(NetworkNamespace client, string address, int port, params string[] sourcePort) =>
        Answer.Parse(client.Run(Program, ["ask", address, $"{port}", .. sourcePort]).Output);
}
