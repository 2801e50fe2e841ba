using Dataplane.Control.Options;
using Dataplane.Packets;
using Dataplane.Workers;
using Xdp.Interop;
using Xdp.Interop.Links;

namespace Dataplane.Control.Apply;

/// <summary>The node's NIC: its program takes what is ours and leaves the rest to the kernel.</summary>
public sealed class Uplink
{
    private readonly List<Port> _ports = []; // by queue
    private volatile MacAddress[] _addresses; // the device's own first; replaced, never changed
    private volatile string _attachedBy;
    private volatile string? _problem;
    private volatile int _mtu;

    private Uplink(LinkInfo link, MacAddress[] addresses, string attachedBy)
    {
        Name = link.Name;
        Ifindex = link.Index;
        _mtu = link.Mtu;
        _addresses = addresses;
        _attachedBy = attachedBy;
    }

    /// <summary>Interface name.</summary>
    public string Name { get; }

    /// <summary>Interface index.</summary>
    public int Ifindex { get; }

    /// <summary>Bytes; what <see cref="Follow"/> has seen last.</summary>
    public int Mtu => _mtu;

    /// <summary>Its Ethernet address.</summary>
    public MacAddress Mac => _addresses[0];

    /// <summary>Where it takes frames for this node: <see cref="Mac"/>, and the addresses of macvlan devices on it (VRRP has such) and of its own ports.</summary>
    public IReadOnlyList<MacAddress> Addresses => _addresses;

    /// <summary>The port of its first queue.</summary>
    public Port Port => _ports[0];

    /// <summary>How the program hangs on it: by libxdp's dispatcher, or alone.</summary>
    public string AttachedBy => _attachedBy;

    /// <summary>What <see cref="Follow"/> could not put right, for people; null when there is nothing.</summary>
    public string? Problem => _problem;

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
        var uplink = new Uplink(link, addresses, how.ToString());
        uplink.OpenQueues(queues, node, programs);
        return uplink;
    }

    /// <summary>
    /// Brings it up to date with its device: the program is put back where somebody has taken it off, queues that were added get their sockets, and
    /// <see cref="Addresses"/> are read anew. What does not work is kept as <see cref="Problem"/>.
    /// </summary>
    /// <param name="links">All devices.</param>
    /// <param name="node">The node's.</param>
    /// <param name="programs">The node's.</param>
    /// <param name="repaired">Is told what was put right, for people.</param>
    /// <returns>True when <see cref="Addresses"/> or <see cref="Mtu"/> have changed.</returns>
    internal bool Follow(IReadOnlyList<LinkInfo> links, NodeRuntime node, XdpAttachments programs, List<string> repaired)
    {
        if (links.FirstOrDefault(l => l.Index == Ifindex) is not { } link)
        {
            _problem = $"uplink {Name} is gone: nothing comes from other nodes and from outside any more; give it back and restart this process";
            return false;
        }
        try
        {
            if (!programs.IsAttached(Ifindex))
            {
                _attachedBy = programs.Reattach(Ifindex).ToString();
                repaired.Add($"XDP program on {link.Name}");
            }
            int before = _ports.Count;
            OpenQueues(Queues(link.Name).Now, node, programs);
            if (_ports.Count > before)
            {
                // A veth has queues that are added run without the program; other drivers give it to all.
                if (link.Kind == "veth") _attachedBy = programs.Reattach(Ifindex).ToString();
                repaired.Add($"sockets for {_ports.Count - before} more queues of {link.Name}");
            }
            _problem = null;
        }
        catch (XdpException e)
        {
            _problem = $"uplink {link.Name}: {e.Message}";
        }
        var addresses = UplinkAddresses.Of(link, links);
        bool changed = link.Mtu != _mtu;
        _mtu = link.Mtu;
        if (addresses.AsSpan().SequenceEqual(_addresses)) return changed;
        _addresses = addresses;
        return true;
    }

    internal void Detach(XdpAttachments programs) => programs.Detach(Ifindex, deviceIsGone: false);

    // Each queue that packets may come in on needs a socket; tunnels leave by the first. Those of queues that are gone stay.
    private void OpenQueues(int queues, NodeRuntime node, XdpAttachments programs)
    {
        var options = RuntimeSettings.Sockets(node.Options) with { RequestZeroCopy = programs.Describe(Ifindex) == "native" };
        while (_ports.Count < queues)
        {
            var port = node.Engine.AddPort(PortKind.Uplink, Name, Ifindex, (uint)_ports.Count, options, queues);
            try
            {
                programs.Connect(Ifindex, port.Socket);
            }
            catch
            {
                node.Engine.RemovePort(port);
                throw;
            }
            _ports.Add(port);
        }
    }

    private static (int Now, int Most) Queues(string name)
    {
        using var ethtool = Ethtool.Open();
        var channels = ethtool.GetChannels(name);
        int now = Math.Max(1, channels?.TotalRx ?? 1); // a driver that does not say has one
        return (now, Math.Max(now, channels is null ? 1 : channels.MaxRx + channels.MaxCombined));
    }
}
