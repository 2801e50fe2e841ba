using Dataplane.Control.Options;
using Dataplane.Packets;
using Dataplane.Workers;
using Xdp.Interop;
using Xdp.Interop.Links;

namespace Dataplane.Control.Apply;

/// <summary>The node's NIC: its program takes what is ours and leaves the rest to the kernel.</summary>
public sealed class Uplink
{
    private Uplink(string name, int ifindex, int mtu, MacAddress[] addresses, Port port, string attachedBy)
    {
        Name = name;
        Ifindex = ifindex;
        Mtu = mtu;
        Addresses = addresses;
        Port = port;
        AttachedBy = attachedBy;
    }

    /// <summary>Interface name.</summary>
    public string Name { get; }

    /// <summary>Interface index.</summary>
    public int Ifindex { get; }

    /// <summary>Bytes.</summary>
    public int Mtu { get; }

    /// <summary>Its Ethernet address.</summary>
    public MacAddress Mac => Addresses[0];

    /// <summary>Where it takes frames for this node: <see cref="Mac"/>, and the addresses of macvlan devices on it (VRRP has such) and of its own ports.</summary>
    public IReadOnlyList<MacAddress> Addresses { get; }

    /// <summary>The port of its first queue.</summary>
    public Port Port { get; }

    /// <summary>How the program hangs on it: by libxdp's dispatcher, or alone.</summary>
    public string AttachedBy { get; }

    /// <summary>Attaches the program in the mode asked for; in auto, native where the driver has it, else generic.</summary>
    internal static Uplink Open(string name, NodeRuntime node, XdpAttachments programs)
    {
        LinkInfo link;
        MacAddress[] addresses;
        using (var netlink = NetlinkSocket.Open())
        {
            link = netlink.Links.Get(name);
            addresses = UplinkAddresses.Of(link, netlink.Links.List());
        }
        var (queues, mostQueues) = Queues(name);
        XdpAttachment how;
        try
        {
            how = programs.AttachUplink(link.Index, node.Options.UplinkXdpMode == UplinkXdpMode.Generic ? XdpMode.Generic : XdpMode.Native, mostQueues);
        }
        catch (XdpException) when (node.Options.UplinkXdpMode == UplinkXdpMode.Auto)
        {
            how = programs.AttachUplink(link.Index, XdpMode.Generic, mostQueues);
        }
        var options = RuntimeSettings.Sockets(node.Options) with { RequestZeroCopy = programs.Describe(link.Index) == "native" };
        // Each queue that packets may come in on needs a socket; tunnels leave by the first.
        Port? first = null;
        for (uint queue = 0; queue < queues; queue++)
        {
            var port = node.Engine.AddPort(PortKind.Uplink, name, link.Index, queue, options, queues);
            programs.Connect(link.Index, port.Socket);
            first ??= port;
        }
        return new Uplink(name, link.Index, link.Mtu, addresses, first!, how.ToString());
    }

    internal void Detach(XdpAttachments programs) => programs.Detach(Ifindex, deviceIsGone: false);

    private static (int Now, int Most) Queues(string name)
    {
        using var ethtool = Ethtool.Open();
        var channels = ethtool.GetChannels(name);
        int now = Math.Max(1, channels?.TotalRx ?? 1); // a driver that does not say has one
        return (now, Math.Max(now, channels is null ? 1 : channels.MaxRx + channels.MaxCombined));
    }
}
