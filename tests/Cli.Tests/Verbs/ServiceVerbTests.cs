using System.Text.Json;
using Dataplane.Contracts.V1;
using Xunit;
using Kind = Dataplane.Contracts.V1.Frontend.Types.Kind;
using Use = Dataplane.Contracts.V1.Backend.Types.Use;

namespace Dataplane.Cli.Tests.Verbs;

/// <summary>The service list in the columns and words that operators know (O15, S27), seen from node n1.</summary>
public sealed class ServiceVerbTests
{
    [Fact]
    public Task S27_NodePortsAreAtEveryAddressAndAServiceMayHaveNoBackend() => Shows(
        """
        ID   Frontend             Service Type   Backend                              Service           Policy
        1    10.96.0.1:443/TCP    ClusterIP      1 => 192.168.7.1:6443/TCP (active)   default/web       -
        2    0.0.0.0:30088/TCP    NodePort       1 => 192.168.7.1:6443/TCP (active)   default/web       -
        3    192.0.2.7:8443/TCP   HostPort       1 => 192.168.7.1:6443/TCP (active)   default/web       -
        4    0.0.0.0:8443/TCP     HostPort       1 => 192.168.7.1:6443/TCP (active)   default/web       -
        5    10.96.0.9:53/UDP     ClusterIP      none (connections are refused)       kube-system/dns   -
        6    0.0.0.0:30053/UDP    NodePort       none (connections are refused)       kube-system/dns   -

        """,
        With(
            Make("web", Protocol.Tcp, At(Kind.ClusterIp, "10.96.0.1", 443), At(Kind.NodePort, "", 30088), At(Kind.HostPort, "192.0.2.7", 8443), At(Kind.HostPort, "", 8443)),
            On("n1", "192.168.7.1", 6443)),
        new Service
        {
            Namespace = "kube-system", Name = "dns", Protocol = Protocol.Udp, Frontends = { At(Kind.ClusterIp, "10.96.0.9", 53), At(Kind.NodePort, "", 30053) },
        });

    [Fact]
    public Task K20_BackendsThatTakeNoConnectionsOrOnlyLocalOnesAreMarked() => Shows(
        """
        ID   Frontend           Service Type   Backend                                       Service       Policy
        1    10.96.0.1:80/TCP   ClusterIP      1 => 10.244.1.7:80/TCP (active)               default/web   -
                                               2 => 10.244.1.8:80/TCP (active, local only)
                                               3 => 10.244.1.9:80/TCP (terminating)
                                               4 => 10.244.2.7:80/TCP (active)
                                               5 => 10.244.2.8:80/TCP (terminating or far)
                                               6 => 10.244.2.9:80/TCP (active)

        """,
        With(
            Make("web", Protocol.Tcp, At(Kind.ClusterIp, "10.96.0.1", 80)),
            On("n1", "10.244.1.7", 80, Use.ClusterAndLocal),
            On("n1", "10.244.1.8", 80, Use.Local),
            On("n1", "10.244.1.9", 80, Use.None),
            On("n2", "10.244.2.7", 80, Use.Cluster),
            On("n2", "10.244.2.8", 80, Use.None),
            On("", "10.244.2.9", 80)));

    [Fact]
    public Task K18_WhereAllBackendsTerminateConnectionsAreRefused() => Shows(
        """
        ID   Frontend           Service Type   Backend                                     Service       Policy
        1    10.96.0.1:80/TCP   ClusterIP      1 => 10.244.1.9:80/TCP (terminating)        default/web   -
                                               none takes connections (they are refused)

        """,
        With(Make("web", Protocol.Tcp, At(Kind.ClusterIp, "10.96.0.1", 80)), On("n1", "10.244.1.9", 80, Use.None)));

    [Fact]
    public Task K12_K13_K14_K17_K19_PoliciesStandWhereTheyCount()
    {
        var service = With(
            Make("web", Protocol.Tcp, At(Kind.ClusterIp, "10.96.0.1", 80), At(Kind.NodePort, "", 30080), At(Kind.ExternalIp, "198.51.100.7", 80), At(Kind.LoadBalancer, "203.0.113.80", 80)),
            On("n1", "10.244.1.7", 80),
            On("n2", "10.244.2.7", 80));
        service.InternalLocal = service.ExternalLocal = true;
        service.AffinitySeconds = 10800;
        service.HealthCheckPort = 32000;
        service.SourceRanges.Add(["10.0.0.0/8", "192.168.0.0/16"]);
        return Shows(
            """
            ID   Frontend              Service Type   Backend                                     Service       Policy
            1    10.96.0.1:80/TCP      ClusterIP      1 => 10.244.1.7:80/TCP (active)             default/web   int=Local aff=10800s
                                                      2 => 10.244.2.7:80/TCP (not on this node)
            2    0.0.0.0:30080/TCP     NodePort       1 => 10.244.1.7:80/TCP (active)             default/web   ext=Local aff=10800s
                                                      2 => 10.244.2.7:80/TCP (active)
            3    198.51.100.7:80/TCP   ExternalIPs    1 => 10.244.1.7:80/TCP (active)             default/web   ext=Local aff=10800s
                                                      2 => 10.244.2.7:80/TCP (active)
            4    203.0.113.80:80/TCP   LoadBalancer   1 => 10.244.1.7:80/TCP (active)             default/web   ext=Local aff=10800s health=32000
                                                      2 => 10.244.2.7:80/TCP (active)                           from=10.0.0.0/8
                                                                                                                from=192.168.0.0/16

            """,
            service);
    }

    [Fact]
    public Task K14_K17_ALocalPolicyWithoutABackendHereSaysSo()
    {
        var service = With(Make("web", Protocol.Tcp, At(Kind.ClusterIp, "10.96.0.1", 80), At(Kind.NodePort, "", 30080)), On("n2", "10.244.2.7", 80));
        service.InternalLocal = service.ExternalLocal = true;
        return Shows(
            """
            ID   Frontend            Service Type   Backend                                     Service       Policy
            1    10.96.0.1:80/TCP    ClusterIP      1 => 10.244.2.7:80/TCP (not on this node)   default/web   int=Local(none here)
            2    0.0.0.0:30080/TCP   NodePort       1 => 10.244.2.7:80/TCP (active)             default/web   ext=Local(none here)

            """,
            service);
    }

    [Fact]
    public Task OfIPv6AloneNodePortsAreAtItsAnyAddress() => Shows(
        """
        ID   Frontend              Service Type   Backend                            Service       Policy
        1    [fd00:96::1]:80/TCP   ClusterIP      1 => [fd00:1::7]:80/TCP (active)   default/web   -
        2    [::]:30080/TCP        NodePort       1 => [fd00:1::7]:80/TCP (active)   default/web   -

        """,
        With(Make("web", Protocol.Tcp, At(Kind.ClusterIp, "fd00:96::1", 80), At(Kind.NodePort, "", 30080)), On("n1", "fd00:1::7", 80)));

    [Fact]
    public async Task JsonKeepsEveryFieldAndAsksNothingElse()
    {
        var service = With(Make("web", Protocol.Tcp, At(Kind.LoadBalancer, "203.0.113.80", 80)), On("n1", "10.244.1.9", 80, Use.None));
        service.HealthCheckPort = 32000;
        service.LocalEndpoints = 2;
        var control = new FakeControl { Services = { service } };
        using var json = JsonDocument.Parse(await DpctlRun.Print("service list -o json", control));
        var row = json.RootElement[0];
        Assert.Equal(
            ["namespace", "name", "portName", "protocol", "frontends", "backends", "internalLocal", "externalLocal", "affinitySeconds", "sourceRanges", "healthCheckPort", "localEndpoints"],
            row.EnumerateObject().Select(field => field.Name));
        Assert.Equal("USE_NONE", row.GetProperty("backends")[0].GetProperty("use").GetString());
        Assert.False(control.WasAsked<GetStatusRequest>());
    }

    private static async Task Shows(string expected, params Service[] services)
    {
        var control = new FakeControl { Status = new() { NodeName = "n1" } };
        control.Services.AddRange(services);
        Assert.Equal(expected, await DpctlRun.Print("service list", control));
    }

    private static Service With(Service service, params Backend[] backends)
    {
        service.Backends.Add(backends);
        return service;
    }

    private static Service Make(string name, Protocol protocol, params Frontend[] frontends) => new() { Namespace = "default", Name = name, Protocol = protocol, Frontends = { frontends } };

    private static Frontend At(Kind kind, string address, uint port) => new() { Kind = kind, Address = address, Port = port };

    private static Backend On(string node, string address, uint port, Use use = Use.Default) => new() { Node = node, Address = address, Port = port, Use = use };
}
