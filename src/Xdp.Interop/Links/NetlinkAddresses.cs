using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Xdp.Interop.Links.Native;

namespace Xdp.Interop.Links;

/// <summary>Requests about interface addresses. Obtained from <see cref="NetlinkSocket.Addresses"/>. All methods throw <see cref="NetlinkException"/>.</summary>
public sealed class NetlinkAddresses
{
    private readonly NetlinkSocket _socket;

    internal NetlinkAddresses(NetlinkSocket socket) => _socket = socket;

    /// <summary>Adds an address. False when the interface has it already.</summary>
    public bool Add(InterfaceAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        using var request = new NetlinkRequestLease();
        var failure = _socket.TryExecute(Write(request.Message, Rtnl.RTM_NEWADDR, Nl.NLM_F_ACK | Nl.NLM_F_CREATE | Nl.NLM_F_EXCL, address));
        if (failure is null) return true;
        return failure.Errno == Errno.EEXIST ? false : throw failure.ToException($"add address {address}");
    }

    /// <summary>Adds an address. False when the interface has it already.</summary>
    public bool Add(int interfaceIndex, IPAddress address, int prefixLength) =>
        Add(new InterfaceAddress { Interface = interfaceIndex, Address = address, PrefixLength = prefixLength });

    /// <summary>Removes an address. False when the interface did not have it.</summary>
    public bool Delete(int interfaceIndex, IPAddress address, int prefixLength)
    {
        var entry = new InterfaceAddress { Interface = interfaceIndex, Address = address, PrefixLength = prefixLength };
        using var request = new NetlinkRequestLease();
        var failure = _socket.TryExecute(Write(request.Message, Rtnl.RTM_DELADDR, Nl.NLM_F_ACK, entry));
        if (failure is null) return true;
        return failure.Errno is Errno.EADDRNOTAVAIL or Errno.ENODEV ? false : throw failure.ToException($"delete address {entry}");
    }

    /// <summary>All addresses of the namespace, or of one interface.</summary>
    public IReadOnlyList<InterfaceAddress> List(int? interfaceIndex = null)
    {
        using var request = new NetlinkRequestLease();
        request.Message.Begin(Rtnl.RTM_GETADDR, Nl.NLM_F_DUMP, default(IfAddrMsg));
        // Filtered here: the kernel's filter fails with ENODEV when the interface has just gone.
        var all = _socket.Dump(request.Message, InterfaceAddress.Decode, "list addresses");
        return interfaceIndex is { } index ? all.FindAll(a => a.Interface == index) : all;
    }

    internal static byte Family(IPAddress address) =>
        (byte)(address.AddressFamily == AddressFamily.InterNetworkV6 ? LinksLibC.AF_INET6 : LinksLibC.AF_INET);

    private static NetlinkRequest Write(NetlinkRequest message, ushort type, int flags, InterfaceAddress address)
    {
        message.Begin(type, (ushort)flags, new IfAddrMsg
        {
            Family = Family(address.Address),
            PrefixLength = checked((byte)address.PrefixLength),
            Scope = (byte)address.Scope,
            Index = checked((uint)address.Interface),
        });
        message.AddAddress(Rtnl.IFA_LOCAL, address.Address).AddAddress(Rtnl.IFA_ADDRESS, address.Peer ?? address.Address);
        var bits = (address.NoPrefixRoute ? Rtnl.IFA_F_NOPREFIXROUTE : 0) | (address.NoDuplicateDetection ? Rtnl.IFA_F_NODAD : 0);
        if (bits != 0) message.AddUInt32(Rtnl.IFA_FLAGS, bits);
        if (address.IsDeprecated)
        {
            var lifetimes = new IfaCacheInfo { Preferred = 0, Valid = uint.MaxValue };
            message.Add(Rtnl.IFA_CACHEINFO, MemoryMarshal.AsBytes(new ReadOnlySpan<IfaCacheInfo>(in lifetimes)));
        }
        return message;
    }
}
