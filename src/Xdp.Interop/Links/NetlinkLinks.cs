using System.Net.NetworkInformation;
using System.Text;
using Xdp.Interop.Links.Native;

namespace Xdp.Interop.Links;

/// <summary>Requests about network interfaces. Obtained from <see cref="NetlinkSocket.Links"/>. All methods throw <see cref="NetlinkException"/>.</summary>
public sealed class NetlinkLinks
{
    private const int MaxNameBytes = 15; // IFNAMSIZ less the zero

    private readonly NetlinkSocket _socket;

    internal NetlinkLinks(NetlinkSocket socket) => _socket = socket;

    /// <summary>The interface of that name, or null.</summary>
    public LinkInfo? Find(string name)
    {
        CheckName(name);
        return Find(default, name, $"find link {name}");
    }

    /// <summary>The interface with that index, or null.</summary>
    public LinkInfo? Find(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(index);
        return Find(new IfInfoMsg { Index = index }, null, $"find link {index}");
    }

    /// <summary>The interface of that name; throws when there is none.</summary>
    public LinkInfo Get(string name) =>
        Find(name) ?? throw new NetlinkException($"find link {name}", Errno.ENODEV);

    /// <summary>All interfaces of the namespace.</summary>
    public IReadOnlyList<LinkInfo> List()
    {
        using var request = Rent();
        request.Message.Begin(Rtnl.RTM_GETLINK, Nl.NLM_F_DUMP, default(IfInfoMsg)).AddUInt32(Rtnl.IFLA_EXT_MASK, Rtnl.RTEXT_FILTER_SKIP_STATS);
        return _socket.Dump(request.Message, LinkInfo.Decode, "list links");
    }

    /// <summary>Creates a veth pair, both ends down, and returns the end in this namespace. All or nothing.</summary>
    public LinkInfo CreateVeth(VethSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        CheckName(spec.Name);
        CheckName(spec.PeerName);
        using var request = Rent();
        var message = request.Message.Begin(Rtnl.RTM_NEWLINK, Nl.NLM_F_ACK | Nl.NLM_F_CREATE | Nl.NLM_F_EXCL, default(IfInfoMsg));
        AddEnd(message, spec.Name, spec.MacAddress, spec.Mtu, spec.Queues);

        var info = message.OpenNest(Rtnl.IFLA_LINKINFO);
        message.AddText(Rtnl.IFLA_INFO_KIND, "veth");
        var data = message.OpenNest(Rtnl.IFLA_INFO_DATA);
        var peer = message.OpenNest(Rtnl.VETH_INFO_PEER);
        message.Append(default(IfInfoMsg));
        AddEnd(message, spec.PeerName, spec.PeerMacAddress, spec.PeerMtu, spec.Queues);
        if (spec.PeerNamespace is { } ns) message.AddInt32(Rtnl.IFLA_NET_NS_FD, (int)ns.Handle.DangerousGetHandle());
        message.CloseNest(peer).CloseNest(data).CloseNest(info);

        var operation = $"create veth {spec.Name} (peer {spec.PeerName}{(spec.PeerNamespace is null ? "" : $" in {spec.PeerNamespace}")})";
        if (_socket.TryExecute(message) is { } failure)
            throw failure.ToException(operation, failure.Errno == Errno.EEXIST ? "an interface of one of the two names exists already; delete it or choose another name" : null);
        return Get(spec.Name);
    }

    /// <summary>Deletes an interface, and with a veth its other end. False when it was gone already.</summary>
    public bool Delete(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(index);
        using var request = Rent();
        var failure = _socket.TryExecute(request.Message.Begin(Rtnl.RTM_DELLINK, Nl.NLM_F_ACK, new IfInfoMsg { Index = index }));
        if (failure is null) return true;
        return failure.Errno == Errno.ENODEV ? false : throw failure.ToException($"delete link {index}");
    }

    /// <summary>Sets the interface up.</summary>
    public void SetUp(int index) => Change(new IfInfoMsg { Index = index, Flags = Rtnl.IFF_UP, Change = Rtnl.IFF_UP }, null, $"set link {index} up");

    /// <summary>Sets the interface down; the kernel drops its routes and IPv6 addresses.</summary>
    public void SetDown(int index) => Change(new IfInfoMsg { Index = index, Change = Rtnl.IFF_UP }, null, $"set link {index} down");

    /// <param name="index">The interface.</param>
    /// <param name="mtu">Bytes.</param>
    public void SetMtu(int index, int mtu) =>
        Change(new IfInfoMsg { Index = index }, m => m.AddInt32(Rtnl.IFLA_MTU, mtu), $"set mtu {mtu} of link {index}");

    /// <summary>Sets the hardware address.</summary>
    public void SetMac(int index, PhysicalAddress mac) =>
        Change(new IfInfoMsg { Index = index }, m => m.AddMac(Rtnl.IFLA_ADDRESS, mac), $"set address {mac} of link {index}");

    /// <summary>Renames the interface; older kernels want it down.</summary>
    public void Rename(int index, string name)
    {
        CheckName(name);
        Change(new IfInfoMsg { Index = index }, m => m.AddText(Rtnl.IFLA_IFNAME, name), $"rename link {index} to {name}");
    }

    /// <summary>Sets the free text that `ip link` shows as alias, at most 255 bytes; empty removes it.</summary>
    public void SetAlias(int index, string alias) =>
        Change(new IfInfoMsg { Index = index }, m => m.Add(Rtnl.IFLA_IFALIAS, Encoding.UTF8.GetBytes(alias)), $"set alias of link {index}");

    /// <summary>Moves the interface into another namespace; it arrives down and without addresses, and may get another index.</summary>
    /// <param name="index">The interface.</param>
    /// <param name="ns">Where it goes.</param>
    /// <param name="name">Its name there; null keeps it.</param>
    public void MoveTo(int index, NetworkNamespace ns, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(ns);
        if (name is not null) CheckName(name);
        Change(new IfInfoMsg { Index = index }, m =>
        {
            m.AddInt32(Rtnl.IFLA_NET_NS_FD, (int)ns.Handle.DangerousGetHandle());
            if (name is not null) m.AddText(Rtnl.IFLA_IFNAME, name);
        }, $"move link {index} to {ns}");
        GC.KeepAlive(ns);
    }

    private static void AddEnd(NetlinkRequest message, string name, PhysicalAddress? mac, int? mtu, int queues)
    {
        message.AddText(Rtnl.IFLA_IFNAME, name);
        if (mac is not null) message.AddMac(Rtnl.IFLA_ADDRESS, mac);
        if (mtu is { } bytes) message.AddInt32(Rtnl.IFLA_MTU, bytes);
        message.AddInt32(Rtnl.IFLA_NUM_RX_QUEUES, queues).AddInt32(Rtnl.IFLA_NUM_TX_QUEUES, queues);
    }

    private static void CheckName(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (Encoding.UTF8.GetByteCount(name) > MaxNameBytes)
            throw new ArgumentException($"interface name {name} is longer than {MaxNameBytes} bytes", nameof(name));
    }

    private static NetlinkRequestLease Rent() => new();

    private LinkInfo? Find(IfInfoMsg head, string? name, string operation)
    {
        using var request = Rent();
        request.Message.Begin(Rtnl.RTM_GETLINK, Nl.NLM_F_ACK, head).AddUInt32(Rtnl.IFLA_EXT_MASK, Rtnl.RTEXT_FILTER_SKIP_STATS);
        if (name is not null) request.Message.AddText(Rtnl.IFLA_IFNAME, name);
        var link = _socket.Get(request.Message, LinkInfo.Decode, out var failure);
        return failure is null or { Errno: Errno.ENODEV } ? link : throw failure.ToException(operation);
    }

    private void Change(IfInfoMsg head, Action<NetlinkRequest>? attributes, string operation)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(head.Index, "index");
        using var request = Rent();
        request.Message.Begin(Rtnl.RTM_NEWLINK, Nl.NLM_F_ACK, head);
        attributes?.Invoke(request.Message);
        _socket.Execute(request.Message, operation);
    }
}
