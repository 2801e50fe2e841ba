using System.Net;
using Dataplane.Contracts.V1;
using Dataplane.Control.Compile;
using Dataplane.Packets;
using Dataplane.Tables;
using Kind = Dataplane.Contracts.V1.Frontend.Types.Kind;
using Node = Dataplane.Contracts.V1.Node;
using Service = Dataplane.Contracts.V1.Service;

namespace Dataplane.Control.Tests.Compile;

/// <summary>Pieces of a state as an agent sends it, and what the rest of the compiler's input is.</summary>
internal static class SampleState
{
    public const string ThisNode = "node-1", OtherNode = "node-2";

    public static readonly IPv4Address NodeAddress = new(192, 168, 77, 1), Gateway = new(10, 244, 1, 1);

    public static readonly IPv6Address NodeAddressV6 = IPv6Address.Parse("2001:db8:77::1"), GatewayV6 = IPv6Address.Parse("fd00:244:1::1");

    public static TableCompiler Compiler(int maglev = 0) => new(ThisNode, IPNetwork.Parse("10.96.0.0/12"), IPNetwork.Parse("fd00:96::/108"), maglev);

    public static CompileInput Input(uint revision = 1) => new()
    {
        NodeName = ThisNode,
        Node = new NodeSettings { HostPort = 1, HostMac = default, GatewayMac = default, TunnelAddress = NodeAddress, Vni = 1, VxlanPort = 4789 },
        IPv4 = new()
        {
            Gateway = Gateway,
            HostPeer = new(169, 254, 77, 1),
            NodeAddress = NodeAddress,
            PodCidr = IPNetwork.Parse("10.244.1.0/24"),
            ClusterCidr = IPNetwork.Parse("10.244.0.0/16"),
            NodeAddresses = Addresses,
            NodePortAddresses = Addresses,
        },
        IPv6 = new()
        {
            Gateway = GatewayV6,
            HostPeer = IPv6Address.Parse("fd00:244:1::"),
            NodeAddress = NodeAddressV6,
            PodCidr = IPNetwork.Parse("fd00:244:1::/64"),
            ClusterCidr = IPNetwork.Parse("fd00:244::/32"),
            NodeAddresses = [NodeAddressV6, GatewayV6],
            NodePortAddresses = [NodeAddressV6],
        },
        Endpoints = [],
        NextHops = new Dictionary<IPv4Address, NextHop>(),
        UplinkPort = 2,
        UplinkMac = default,
        PathMtu = 1450,
        Revision = revision,
    };

    public static readonly IPv4Address[] Addresses = [NodeAddress, Gateway];

    public static Node Node(string name, string address, string podCidr) => new() { Name = name, Addresses = { address }, PodCidrs = { podCidr } };

    /// <summary>A service of one port with endpoints "address:port@node".</summary>
    public static Service Service(string name, string clusterIp, params string[] backends) => With(new Service
    {
        Namespace = "default", Name = name, PortName = "http", Protocol = Protocol.Tcp, Frontends = { new Dataplane.Contracts.V1.Frontend { Kind = Kind.ClusterIp, Address = clusterIp, Port = 80 } },
    }, backends);

    public static Service With(Service service, params string[] backends)
    {
        foreach (string backend in backends)
        {
            string[] parts = backend.Split(':', '@');
            service.Backends.Add(new Dataplane.Contracts.V1.Backend { Address = parts[0], Port = uint.Parse(parts[1]), Node = parts.Length > 2 ? parts[2] : "" });
        }
        return service;
    }

    public static Service At(this Service service, Kind kind, string address, uint port)
    {
        service.Frontends.Add(new Dataplane.Contracts.V1.Frontend { Kind = kind, Address = address, Port = port });
        return service;
    }

    public static State Of(params Service[] services) => new() { Services = { services } };
}
