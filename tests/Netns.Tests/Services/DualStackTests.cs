using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>Services of two families: row K27, as far as IPv4 is concerned.</summary>
[Collection(ServiceBed.Name)]
public sealed class DualStackTests(ServiceBed bed)
{
    [RequiresRootFact]
    public void K27_WhatAServiceHasOfIPv4IsServedWhateverItHasOfIPv6()
    {
        ClusterPod pod = bed.Node1.Pods[0], client = bed.Node2.Pods[1];
        string external = bed.NewAddress();
        ServiceObject service = bed.NewService(pod) with
        {
            Type = "NodePort", Spec = ["ipFamilies: [IPv4, IPv6]", "ipFamilyPolicy: RequireDualStack", $"externalIPs: [\"fd00:77::7\", {external}]"],
        };
        var other = new SliceObject(service.Name + "-6", service.Name, [new EndpointObject("fd00:10:244:1::a", bed.Node1.Name)]) { AddressType = "IPv6" };
        string yaml = service.ToString().Replace($"[\"{service.ClusterIp}\"]", $"[\"{service.ClusterIp}\", \"fd00:96::7\"]", StringComparison.Ordinal) + "---\n" + other;
        using AppliedText applied = bed.Apply(service.Name, yaml);

        Assert.Equal($"{pod.Name} saw {client.Address}", Curl.Get(client.Net, service.ClusterIp, 80));
        Assert.Equal($"{pod.Name} saw {client.Address}", Curl.Get(client.Net, external, 80));
        Assert.Equal($"{pod.Name} saw {ServiceBed.NeighborAddress}", Curl.Get(bed.Neighbor, bed.Node1.Address, service.NodePort));
    }

    [RequiresRootFact]
    public void K27_AddressesOfAFamilyThatTheServiceHasNotAreLeftOutAndNamed()
    {
        ClusterPod pod = bed.Node1.Pods[0], client = bed.Node1.Pods[1];
        string balancer = bed.NewAddress();
        ServiceObject service = bed.NewService(pod) with { Type = "LoadBalancer", Ingress = [balancer, "\"fd00:77::8\""], Spec = ["externalIPs: [\"fd00:77::9\"]"] };
        using AppliedService applied = bed.Apply(service);

        Assert.Equal($"{pod.Name} saw {client.Address}", Curl.Get(client.Net, balancer, 80));
        foreach (string ignored in (string[])["fd00:77::8", "fd00:77::9"])
            Assert.Contains(bed.Node1.Agent!.Output.Split('\n'), line => line.Contains(service.Name, StringComparison.Ordinal) && line.Contains(ignored, StringComparison.Ordinal) && line.Contains("IPv6", StringComparison.Ordinal));
    }
}
