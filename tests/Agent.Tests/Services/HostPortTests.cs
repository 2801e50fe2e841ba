using Dataplane.Agent.Desired;
using Dataplane.Agent.Tests.Clusters;
using static Dataplane.Agent.Tests.Services.ServiceYaml;

namespace Dataplane.Agent.Tests.Services;

/// <summary>Ports of pods that are ports of the node as well (K38).</summary>
public class HostPortTests
{
    [Fact]
    public void K38_a_host_port_is_a_service_of_the_pod_alone()
    {
        var service = CompileOne(Pod("{containerPort: 80, hostPort: 8080}"));
        Assert.Equal(("default", "pod/p", "8080"), (service.Namespace, service.Name, service.PortName));
        Assert.Equal(["HostPort :8080"], Frontends(service));
        Assert.Equal(["10.244.1.5:80 ClusterAndLocal"], Backends(service));
        Assert.Equal("n1", service.Backends[0].Node);
        Assert.False(service.InternalLocal || service.ExternalLocal);
    }

    [Fact]
    public void K38_one_port_may_stand_at_several_addresses_and_protocols()
    {
        var state = Compile(
            Pod("{containerPort: 80, hostPort: 8080, hostIP: 192.168.0.1}, {containerPort: 80, hostPort: 8080, hostIP: 192.168.0.2}, {containerPort: 81, hostPort: 8080, protocol: UDP}, {containerPort: 82, hostPort: 8080}"),
            Pod("{containerPort: 80, hostPort: 8080, hostIP: 192.168.0.3}", "q", "10.244.1.6"));
        Assert.Empty(Warnings(state));
        Assert.Equal(
            [
                "pod/p 192.168.0.1:8080 Tcp HostPort 192.168.0.1:8080 > 10.244.1.5:80",
                "pod/p 192.168.0.2:8080 Tcp HostPort 192.168.0.2:8080 > 10.244.1.5:80",
                "pod/p 8080 Tcp HostPort :8080 > 10.244.1.5:82",
                "pod/p 8080 Udp HostPort :8080 > 10.244.1.5:81",
                "pod/q 192.168.0.3:8080 Tcp HostPort 192.168.0.3:8080 > 10.244.1.6:80",
            ],
            state.Services.Select(s => $"{s.Name} {s.PortName} {s.Protocol} {Frontends(s).Single()} > {s.Backends[0].Address}:{s.Backends[0].Port}"));
    }

    [Theory]
    [InlineData("", "10.244.1.5 fd00::5")]
    [InlineData(", hostIP: ''", "10.244.1.5 fd00::5")]
    [InlineData(", hostIP: 0.0.0.0", "10.244.1.5")]
    [InlineData(", hostIP: '::'", "fd00::5")]
    [InlineData(", hostIP: 'fd00::1:1'", "fd00::5")]
    public void K38_the_host_address_chooses_the_family(string hostIP, string expected)
    {
        var service = CompileOne(Pod($"{{containerPort: 80, hostPort: 8080{hostIP}}}").Replace("phase: Running", "phase: Running, podIPs: [{ip: 10.244.1.5}, {ip: 'fd00::5'}]", StringComparison.Ordinal));
        Assert.Equal(expected, string.Join(' ', service.Backends.Select(b => b.Address)));
    }

    [Fact]
    public void K38_all_addresses_of_either_family_are_one_frontend() =>
        Assert.Equal(
            ["10.244.1.5:80 ClusterAndLocal", "fd00::5:80 ClusterAndLocal"],
            Backends(CompileOne(Pod("{containerPort: 80, hostPort: 8080, hostIP: '::'}, {containerPort: 80, hostPort: 8080, hostIP: 0.0.0.0}")
                .Replace("phase: Running", "phase: Running, podIPs: [{ip: 10.244.1.5}, {ip: 'fd00::5'}]", StringComparison.Ordinal))));

    [Theory]
    [InlineData("on another node", "n2", "", "phase: Running", "10.244.1.5")]
    [InlineData("of the host network", "n1", "hostNetwork: true", "phase: Running", "192.168.0.1")]
    [InlineData("ended well", "n1", "", "phase: Succeeded", "10.244.1.5")]
    [InlineData("ended badly", "n1", "", "phase: Failed", "10.244.1.5")]
    public void K38_other_pods_have_none(string which, string node, string spec, string status, string address)
    {
        Assert.NotEmpty(which);
        Assert.Empty(Compile(Yaml.Pod("default", "p", address, node, ports: "{containerPort: 80, hostPort: 80}", spec: spec, status: status)).Services);
    }

    [Fact]
    public void K38_a_pod_without_an_address_yet_has_none_and_gets_it_with_the_address()
    {
        var compiler = new StateCompiler("n1");
        const string Pending = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {nodeName: n1, containers: [{ports: [{containerPort: 80, hostPort: 8080}]}]}}";
        Assert.Empty(compiler.Compile(Yaml.Objects(Pending)).Services);
        Assert.Single(compiler.Compile(Yaml.Objects(Pod("{containerPort: 80, hostPort: 8080}"))).Services);
        Assert.Empty(compiler.Compile(Yaml.Objects(Pending)).Services);
    }

    [Fact]
    public void K38_all_containers_and_sidecars_count_and_plain_init_containers_do_not()
    {
        const string Text = """
            apiVersion: v1
            kind: Pod
            metadata: {name: p}
            spec:
              nodeName: n1
              containers:
              - ports: [{containerPort: 1, hostPort: 8001}]
              - ports: [{containerPort: 2, hostPort: 8002, name: two}, {containerPort: 9}, {containerPort: 9, hostPort: 0}]
              initContainers:
              - {restartPolicy: Always, ports: [{containerPort: 3, hostPort: 8003}]}
              - ports: [{containerPort: 4, hostPort: 8004}]
            status: {podIP: 10.244.1.5}
            """;
        Assert.Equal(["8001", "8002", "8003"], Compile(Text).Services.Select(s => s.PortName));
    }

    [Theory]
    [InlineData("hostIP: 127.0.0.1", "hostIP 127.0.0.1 is a loopback address; hostPort 8080 is not served there")]
    [InlineData("hostIP: '::1'", "hostIP ::1 is a loopback address; hostPort 8080 is not served there")]
    [InlineData("hostIP: 169.254.1.1", "hostIP 169.254.1.1 is a link-local address; hostPort 8080 is not served there")]
    [InlineData("hostIP: 224.0.0.1", "hostIP 224.0.0.1 is a multicast address; hostPort 8080 is not served there")]
    [InlineData("hostIP: 'fd00::9'", "hostIP fd00::9 is of a family that the pod has no address of; hostPort 8080 is not served there")]
    public void K38_host_addresses_that_cannot_be_served_are_named(string hostIP, string expected)
    {
        var state = Compile(Pod($"{{containerPort: 80, hostPort: 8080, {hostIP}}}, {{containerPort: 80, hostPort: 8081}}"));
        Assert.Equal([$"Pod default/p: {expected}"], Warnings(state));
        Assert.Equal("8081", Assert.Single(state.Services).PortName);
    }

    [Fact]
    public void K38_two_container_ports_behind_one_host_port_are_named()
    {
        var state = Compile(Pod("{containerPort: 80, hostPort: 8080}, {containerPort: 81, hostPort: 8080}"));
        Assert.Equal(["Pod default/p: hostPort 8080/TCP is asked for twice; container port 80 has it"], Warnings(state));
        Assert.Equal(["10.244.1.5:80 ClusterAndLocal"], Backends(Assert.Single(state.Services)));
    }

    [Fact]
    public void K38_a_host_port_that_is_taken_is_the_older_ones()
    {
        var young = Pod("{containerPort: 80, hostPort: 8080}").Replace("name: p,", "name: p, creationTimestamp: '2026-01-01T00:00:00Z',", StringComparison.Ordinal);
        var old = Pod("{containerPort: 80, hostPort: 8080}", "q", "10.244.1.6").Replace("name: q,", "name: q, creationTimestamp: '2025-01-01T00:00:00Z',", StringComparison.Ordinal);
        var state = Compile(young, old);
        Assert.Equal([0, 1], state.Services.Select(s => s.Frontends.Count));
        Assert.Equal(["Pod default/p: hostPort 8080/TCP belongs to Pod default/q and is not served here; choose another"], Warnings(state));
        // A node port is one of the nodes, too; one that is at an address of its own is not.
        var service = Service("type: NodePort, ports: [{port: 80, nodePort: 8080}]", created: "2024-01-01T00:00:00Z");
        var clash = Compile(service, old, Pod("{containerPort: 80, hostPort: 8080, hostIP: 192.168.0.1}"));
        Assert.Equal(["Pod default/q: hostPort 8080/TCP belongs to Service default/web and is not served here; choose another"], Warnings(clash));
        Assert.Equal(["192.168.0.1:8080"], clash.Services.Where(s => s.Name == "pod/p" && s.Frontends.Count == 1).Select(s => s.PortName));
    }

    [Fact]
    public void K38_a_host_port_at_an_external_ip_clashes_with_the_service_there()
    {
        var state = Compile(
            Service("externalIPs: [192.168.0.1]", created: "2026-01-01T00:00:00Z"),
            Pod("{containerPort: 80, hostPort: 80, hostIP: 192.168.0.1}"));
        Assert.Equal(["Pod default/p: hostPort 192.168.0.1:80/TCP belongs to Service default/web and is not served here; choose another"], Warnings(state));
    }

    private static string Pod(string ports, string name = "p", string address = "10.244.1.5") =>
        Yaml.Pod("default", name, address, "n1", ports: ports);
}
