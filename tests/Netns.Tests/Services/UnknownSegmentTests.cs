using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>TCP segments that belong to no connection, or not where they are: row K30.</summary>
[Collection(ServiceBed.Name)]
public sealed class UnknownSegmentTests(ServiceBed bed)
{
    private ClusterPod Pod => bed.Node1.Pods[0];

    [RequiresRootFact]
    public void K30_AClientInAConnectionThatNobodyKnowsIsResetByTheServiceAndThePodSeesNothing()
    {
        using AppliedService service = bed.Apply(bed.NewService(Pod).OfLines() with { Type = "NodePort" });
        using var sniffer = new Sniffer(Pod.Net, "eth0", "tcp and port 5150");
        foreach ((NetworkNamespace client, string own, string address, int port) in ((NetworkNamespace, string, string, int)[])
            [
                (bed.Node1.Pods[1].Net, bed.Node1.Pods[1].Address, service.Object.ClusterIp, 80), (bed.Node2.Pods[1].Net, bed.Node2.Pods[1].Address, service.Object.ClusterIp, 80),
                (bed.Node1.Net, bed.Node1.HostPortAddress, service.Object.ClusterIp, 80), (bed.Neighbor, ServiceBed.NeighborAddress, bed.Node1.Address, service.Object.NodePort),
                (bed.World, Cluster.WorldAddress, bed.Node2.Address, service.Object.NodePort),
            ])
        {
            Assert.Equal($"R from {address}:{port}", Send(client, own, 5150, address, port, "PA").Trim());
            Assert.Equal($"RA from {address}:{port}", Send(client, own, 5150, address, port, "F").Trim());
        }
        // Between pods, where no service has been asked, it is dropped: it could be a way around a policy.
        ServiceBed.ExpectDrop(bed.Node1, "ConntrackNoFlow", () => Assert.Equal("", Send(bed.Node1.Pods[1].Net, bed.Node1.Pods[1].Address, 5150, Pod.Address, Who.Tcp, "A")));
        Assert.Empty(sniffer.Packets);
    }

    [RequiresRootTheory]
    [InlineData(1)]
    [InlineData(2)]
    public void K30_WhatAServerSendsOutsideOfItsConnectionsDoesNotEndThem(int node)
    {
        ClusterPod client = (node == 1 ? bed.Node1 : bed.Node2).Pods[1];
        using AppliedService service = bed.Apply(bed.NewService(Pod).OfLines());
        using Dialogue connection = Who.Hold(client.Net, service.Object.ClusterIp, 80, "--interval", "0.1");
        int port = connection.Last.From;
        using var sniffer = new Sniffer(client.Net, "eth0", $"src host {Pod.Address} or src host {service.Object.ClusterIp}");

        // Within the connection, but far out of its window: it comes from the service or not at all.
        Send(Pod.Net, Pod.Address, Who.Tcp, client.Address, port, "A", "--sequence", "4000000000", "--wait", "0.2");
        sniffer.WaitFor("win 1000, length 0");
        // Of a connection that there is not: the client must not see it, or it would reset what it takes for a stranger's.
        ServiceBed.ExpectDrop(bed.Node1, "ConntrackNoFlow", () => Send(Pod.Net, Pod.Address, Who.Tcp, client.Address, port + 1, "SA", "--wait", "0.2"));

        Assert.All(connection.Next(5), answer => Assert.Equal($"{Pod.Name} saw {client.Address}", answer.ToString()));
        Assert.NotEmpty(sniffer.Packets);
        Assert.DoesNotContain(sniffer.Packets, packet => packet.Contains($"IP {Pod.Address}.", StringComparison.Ordinal));
    }

    private static string Send(NetworkNamespace from, string source, int sourcePort, string destination, int port, string flags, params string[] options) =>
        from.Run(Installed.Python, [Installed.TestFile("Traffic/segment.py"), source, $"{sourcePort}", destination, $"{port}", flags, "--wait", "0.5", .. options]).Output;
}
