using System.Net;
using System.Net.NetworkInformation;
using Xdp.Interop.Links.Native;

namespace Xdp.Interop.Links;

/// <summary>Requests about ARP and ND entries. Obtained from <see cref="NetlinkSocket.Neighbors"/>. All methods throw <see cref="NetlinkException"/>.</summary>
public sealed class NetlinkNeighbors
{
    private readonly NetlinkSocket _socket;

    internal NetlinkNeighbors(NetlinkSocket socket) => _socket = socket;

    /// <summary>Installs a permanent entry; one that exists is replaced.</summary>
    public void Replace(int interfaceIndex, IPAddress address, PhysicalAddress mac)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(mac);
        using var request = new NetlinkRequestLease();
        Begin(request.Message, Rtnl.RTM_NEWNEIGH, Nl.NLM_F_ACK | Nl.NLM_F_CREATE | Nl.NLM_F_REPLACE, interfaceIndex, address, NeighborState.Permanent)
            .AddMac(Rtnl.NDA_LLADDR, mac);
        _socket.Execute(request.Message, $"set neighbour {address} dev {interfaceIndex} to {mac}");
    }

    /// <summary>Removes an entry. False when there was none.</summary>
    public bool Delete(int interfaceIndex, IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        using var request = new NetlinkRequestLease();
        var failure = _socket.TryExecute(Begin(request.Message, Rtnl.RTM_DELNEIGH, Nl.NLM_F_ACK, interfaceIndex, address, NeighborState.None));
        if (failure is null) return true;
        return failure.Errno is Errno.ENOENT or Errno.ENODEV ? false : throw failure.ToException($"delete neighbour {address} dev {interfaceIndex}");
    }

    /// <summary>All entries of both families, or those of one interface.</summary>
    public IReadOnlyList<Neighbor> List(int? interfaceIndex = null)
    {
        using var request = new NetlinkRequestLease();
        request.Message.Begin(Rtnl.RTM_GETNEIGH, Nl.NLM_F_DUMP, default(NdMsg));
        var all = _socket.Dump(request.Message, Neighbor.Decode, "list neighbours");
        return interfaceIndex is { } index ? all.FindAll(n => n.Interface == index) : all;
    }

    /// <summary>The entry of one address, or null.</summary>
    public Neighbor? Find(int interfaceIndex, IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        using var request = new NetlinkRequestLease();
        Begin(request.Message, Rtnl.RTM_GETNEIGH, Nl.NLM_F_ACK, interfaceIndex, address, NeighborState.None);
        var neighbor = _socket.Get(request.Message, Neighbor.Decode, out var failure);
        return failure is null or { Errno: Errno.ENOENT or Errno.ENODEV } ? neighbor : throw failure.ToException($"find neighbour {address} dev {interfaceIndex}");
    }

    /// <summary>
    /// Makes the kernel resolve the address now and, where it can (Linux 5.16), keep it resolved. Returns at once; the answer shows up in <see cref="Find"/> and as an event.
    /// </summary>
    /// <returns>True when the kernel keeps it resolved; false when the caller must probe again now and then.</returns>
    public bool Probe(int interfaceIndex, IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        // A permanent entry needs no probing, and turning it into a managed one would lose it.
        if (Find(interfaceIndex, address) is { State: var state } && (state & NeighborState.Permanent) != 0) return true;
        using var request = new NetlinkRequestLease();
        Begin(request.Message, Rtnl.RTM_NEWNEIGH, Nl.NLM_F_ACK | Nl.NLM_F_CREATE, interfaceIndex, address, NeighborState.None)
            .AddUInt32(Rtnl.NDA_FLAGS_EXT, Rtnl.NTF_EXT_MANAGED);
        if (_socket.TryExecute(request.Message) is not { } refusal) return true;

        Begin(request.Message, Rtnl.RTM_NEWNEIGH, Nl.NLM_F_ACK | Nl.NLM_F_CREATE, interfaceIndex, address, NeighborState.None, Rtnl.NTF_USE);
        if (_socket.TryExecute(request.Message) is not { } failure) return false;
        throw (failure.Errno == Errno.EINVAL ? refusal : failure).ToException($"resolve neighbour {address} dev {interfaceIndex}");
    }

    /// <summary>Ends what <see cref="Probe"/> began: the kernel forgets the entry in its own time again. No error when it is gone.</summary>
    public void Release(int interfaceIndex, IPAddress address)
    {
        if (Find(interfaceIndex, address) is not { IsManaged: true }) return;
        using var request = new NetlinkRequestLease();
        // An update without NTF_EXT_MANAGED takes the mark away; NTF_USE keeps state and address as they are.
        Begin(request.Message, Rtnl.RTM_NEWNEIGH, Nl.NLM_F_ACK | Nl.NLM_F_REPLACE, interfaceIndex, address, NeighborState.None, Rtnl.NTF_USE);
        if (_socket.TryExecute(request.Message) is { Errno: not (Errno.ENOENT or Errno.ENODEV) } failure)
            throw failure.ToException($"release neighbour {address} dev {interfaceIndex}");
    }

    private static NetlinkRequest Begin(NetlinkRequest message, ushort type, int flags, int interfaceIndex, IPAddress address, NeighborState state, byte entryFlags = 0) =>
        message.Begin(type, (ushort)flags, new NdMsg
        {
            Family = NetlinkAddresses.Family(address),
            Index = interfaceIndex,
            State = (ushort)state,
            Flags = entryFlags,
        }).AddAddress(Rtnl.NDA_DST, address);
}
