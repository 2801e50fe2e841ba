using System.Net;
using Dataplane.Packets;
using Dataplane.Workers;

namespace Dataplane.Control.Apply;

/// <summary>The port into the node's own stack: a veth pair, its program and its socket.</summary>
internal sealed class HostPort
{
    private readonly HostVeth _veth;

    private HostPort(HostVeth veth, Port port)
    {
        _veth = veth;
        Port = port;
        Mac = new MacAddress(veth.HostMac.GetAddressBytes());
    }

    /// <summary>The port.</summary>
    public Port Port { get; }

    /// <summary>Interface index of the host stack's end.</summary>
    public int HostIndex => _veth.HostIndex;

    /// <summary>Ethernet address of the host stack's side.</summary>
    public MacAddress Mac { get; }

    /// <summary>Settings of the node that stand in the way, for people.</summary>
    public IReadOnlyList<string> Obstacles => _veth.FindObstacles();

    /// <summary>Whether its devices are gone, for people; null while they are there, or where the kernel does not tell.</summary>
    public string? FindLoss()
    {
        try
        {
            return _veth.FindLoss();
        }
        catch (Xdp.Interop.XdpException)
        {
            return null;
        }
    }

    /// <summary>Opens it; the host has no routes into it before <see cref="Activate"/>.</summary>
    public static HostPort Open(NodeRuntime node, XdpAttachments programs)
    {
        var options = node.Options;
        var veth = HostVeth.Create(new HostVethSpec
        {
            Name = options.HostPort,
            PortName = options.HostPort + "-x",
            Address = options.HostPortAddress.IPv4,
            AddressV6 = options.HostPortAddress.IPv6,
            ClusterCidrs = [.. options.ClusterCidr.All],
            ServiceCidrs = [.. options.ServiceCidr.All],
            GatewayMac = RuntimeSettings.ToPhysical(node.GatewayMac),
            RouteMtu = node.PathMtu,
            DeviceMtu = node.DeviceMtu,
        });
        programs.AttachHost(veth.PortIndex);
        var port = node.Engine.AddPort(PortKind.Host, options.HostPort, veth.PortIndex, 0, RuntimeSettings.Sockets(node.Options) with { Mark = HostFrontends.Mark });
        programs.Connect(veth.PortIndex, port.Socket);
        return new HostPort(veth, port);
    }

    /// <summary>Routes the cluster's ranges into it.</summary>
    public void Activate() => _veth.Activate();

    /// <summary>Changes the MTU of the node's routes into it.</summary>
    /// <param name="mtu">Bytes.</param>
    /// <exception cref="Xdp.Interop.XdpException">The kernel refused something.</exception>
    public void SetRouteMtu(int mtu) => _veth.SetRouteMtu(mtu);

    /// <summary>Puts back what others have taken away of its addresses and routes, and says what that was.</summary>
    /// <exception cref="Xdp.Interop.XdpException">The kernel refused something.</exception>
    public IReadOnlyList<string> Refresh() => _veth.Refresh();
}
