using Dataplane.Netns.Tests.Behaviour;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>Ports of a node that lead to one of its pods: row K38.</summary>
[Collection(ServiceBed.Name)]
public sealed class HostPortTests(ServiceBed bed)
{
    private const int Port = 18080;

    [RequiresRootFact]
    public void K38_AHostPortIsReachedFromEverywhereAtItsNodeOnly()
    {
        ClusterPod pod = bed.Node1.Pods[0], near = bed.Node1.Pods[1], far = bed.Node2.Pods[1];
        using IDisposable applied = Apply(pod, $"{{containerPort: {Who.Tcp}, hostPort: {Port}}}", $"{{containerPort: {Who.Udp}, hostPort: {Port}, protocol: UDP, hostIP: 0.0.0.0}}");
        foreach (string protocol in (string[])["tcp", "udp"])
        {
            foreach ((NetworkNamespace client, string seen) in ((NetworkNamespace, string)[])
                [
                    (bed.Neighbor, ServiceBed.NeighborAddress), (bed.World, Cluster.WorldAddress), (near.Net, near.Address), (far.Net, far.Address),
                    (bed.Node1.Net, bed.Node1.HostPortAddress), (bed.Node2.Net, bed.Node2.Address), (pod.Net, bed.Node1.HostPortAddress),
                ])
            {
                Assert.Equal($"{protocol} {client.Name}: {pod.Name} saw {seen}", $"{protocol} {client.Name}: {Who.Ask(client, protocol, bed.Node1.Address, Port)}");
            }
            foreach (NetworkNamespace client in (NetworkNamespace[])[bed.Neighbor, near.Net, far.Net, bed.Node2.Net])
                Assert.Equal($"{protocol} {client.Name}: {Curl.Refused}", $"{protocol} {client.Name}: {Who.Ask(client, protocol, bed.Node2.Address, Port)}");
        }
    }

    [RequiresRootFact]
    public void K38_OnePortOfSeveralAddressesAndProtocolsIsSeveralHostPorts()
    {
        const string second = "192.168.77.61";
        ClusterPod one = bed.Node1.Pods[0], two = bed.Node1.Pods[1], three = bed.Node1.Pods[2];
        bed.Node1.Net.AddAddress("eth0", second + "/24");
        try
        {
            using IDisposable first = Apply(one, $"{{containerPort: {Who.Tcp}, hostPort: {Port + 1}, hostIP: {bed.Node1.Address}}}");
            using IDisposable other = Apply(two, $"{{containerPort: {Who.Tcp}, hostPort: {Port + 1}, hostIP: {second}}}");
            using IDisposable datagrams = Apply(three, $"{{containerPort: {Who.Udp}, hostPort: {Port + 1}, protocol: UDP}}");
            Eventually.True(() => Who.Ask(bed.Neighbor, "udp", second, Port + 1).Pod == three.Name, "the new address serves host ports");

            foreach (NetworkNamespace client in (NetworkNamespace[])[bed.Neighbor, bed.Node2.Pods[1].Net, bed.Node1.Net])
            {
                Assert.Equal(one.Name, Who.Ask(client, "tcp", bed.Node1.Address, Port + 1).Pod);
                if (client != bed.Node2.Pods[1].Net) // an address that no Node object names is nobody's to other nodes' pods
                    Assert.Equal(two.Name, Who.Ask(client, "tcp", second, Port + 1).Pod);
                Assert.Equal(three.Name, Who.Ask(client, "udp", bed.Node1.Address, Port + 1).Pod);
            }
        }
        finally
        {
            bed.Node1.Net.Ip($"address del {second}/24 dev eth0");
        }
    }

    [RequiresRootFact]
    public void K38_AHostPortComesAndGoesWithItsPod()
    {
        Assert.Equal(Curl.Refused, Who.Ask(bed.Neighbor, "tcp", bed.Node1.Address, Port + 2).ToString());
        using (ExtraPod extra = bed.AddPod(bed.Node1))
        {
            using IDisposable applied = Apply(extra.Pod, $"{{containerPort: {Who.Tcp}, hostPort: {Port + 2}}}");
            Assert.Equal($"{extra.Pod.Name} saw {ServiceBed.NeighborAddress}", Who.Ask(bed.Neighbor, "tcp", bed.Node1.Address, Port + 2).ToString());

            using Dialogue connection = Who.Hold(bed.Neighbor, bed.Node1.Address, Port + 2);
            extra.Remove();
            Assert.Equal("reset", connection.End(TimeSpan.FromSeconds(5)).ToString());
        }
        bed.Settle();
        Assert.Equal(Curl.Refused, Who.Ask(bed.Neighbor, "tcp", bed.Node1.Address, Port + 2).ToString());
    }

    // The pod's object with host ports, until it is disposed.
    private Ports Apply(ClusterPod pod, params string[] ports)
    {
        bed.Cluster.Manifests.Apply($"pod-{pod.Namespace}-{pod.Name}", $$"""
            apiVersion: v1
            kind: Pod
            metadata: {namespace: {{pod.Namespace}}, name: {{pod.Name}}, labels: {app: {{pod.Name}}} }
            spec:
              nodeName: {{pod.Node.Name}}
              containers: [{name: main, ports: [{{string.Join(", ", ports)}}]}]
            status:
              phase: Running
              podIP: {{pod.Address}}
              podIPs: [{ip: {{pod.Address}}}]
              conditions: [{type: Ready, status: "True"}]
            """);
        bed.Settle();
        return new Ports(bed, pod);
    }

    private sealed class Ports(ServiceBed bed, ClusterPod pod) : IDisposable
    {
        public void Dispose()
        {
            if (!pod.Name.StartsWith("extra", StringComparison.Ordinal))
                bed.Cluster.Manifests.ApplyPod(pod);
            bed.Settle();
        }
    }
}
