using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Xdp.Interop.Links.Native;

namespace Xdp.Interop.Links;

/// <summary>
/// Events of links, addresses, routes and neighbours of one namespace. Subscribed from <see cref="Open"/> on: open it, list the state, then read,
/// and nothing is missed. One reader at a time; <see cref="Dispose"/> only after the reader has returned (cancel it first).
/// </summary>
public sealed class NetlinkMonitor : IDisposable
{
    private const int ReceiveBufferBytes = 1 << 20;

    private readonly SafeFileHandle _socket;
    private readonly SafeFileHandle _wake;
    private readonly Queue<NetlinkEvent> _ready = new();

    private NetlinkMonitor(SafeFileHandle socket, SafeFileHandle wake)
    {
        _socket = socket;
        _wake = wake;
    }

    /// <summary>Subscribes in <paramref name="ns"/>, or in the calling thread's namespace when it is null.</summary>
    /// <exception cref="NetlinkException">The socket or a subscription was refused.</exception>
    public static NetlinkMonitor Open(MonitorGroups groups, NetworkNamespace? ns = null)
    {
        var socket = ns is null ? NetlinkSocket.OpenHandle() : ns.Run(NetlinkSocket.OpenHandle);
        var wake = LinksLibC.Event();
        if (!wake.IsInvalid && Subscribe(socket, groups)) return new NetlinkMonitor(socket, wake);
        var errno = ErrnoExtensions.Last();
        socket.Dispose();
        wake.Dispose();
        throw new NetlinkException($"subscribe to {groups}", errno);
    }

    /// <summary>Waits for the next event. Null after <paramref name="timeout"/> without one, or after <see cref="Interrupt"/>.</summary>
    /// <param name="timeout">How long to wait; <see cref="Timeout.InfiniteTimeSpan"/> for ever.</param>
    /// <param name="cancellation">Wakes the wait.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="NetlinkException">The socket failed.</exception>
    public NetlinkEvent? Read(TimeSpan timeout, CancellationToken cancellation = default)
    {
        using var registration = cancellation.UnsafeRegister(static state => ((NetlinkMonitor)state!).Interrupt(), this);
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            if (_ready.TryDequeue(out var next)) return next;
            var left = timeout == Timeout.InfiniteTimeSpan ? timeout : timeout - Stopwatch.GetElapsedTime(start);
            if (left < TimeSpan.Zero && left != Timeout.InfiniteTimeSpan) left = TimeSpan.Zero;
            if (Wait(left, out var interrupted)) Receive();
            else if (left == TimeSpan.Zero || (interrupted && !cancellation.IsCancellationRequested)) return null;
        }
    }

    /// <summary>Makes the current or the next <see cref="Read"/> return null early; callable from any thread.</summary>
    public unsafe void Interrupt()
    {
        ulong one = 1;
        LinksLibC.write(_wake, &one, sizeof(ulong));
    }

    public void Dispose()
    {
        _socket.Dispose();
        _wake.Dispose();
    }

    /// <summary>Decodes one event; null for messages that are none.</summary>
    internal static NetlinkEvent? Decode(ushort type, ReadOnlySpan<byte> body) => type switch
    {
        Rtnl.RTM_NEWLINK or Rtnl.RTM_DELLINK when !IsBridgePort(body) => new LinkChanged(LinkInfo.Decode(body), type == Rtnl.RTM_DELLINK),
        Rtnl.RTM_NEWADDR or Rtnl.RTM_DELADDR => InterfaceAddress.Decode(body) is { } address ? new AddressChanged(address, type == Rtnl.RTM_DELADDR) : null,
        Rtnl.RTM_NEWROUTE or Rtnl.RTM_DELROUTE => Route.Decode(body) is { } route ? new RouteChanged(route, type == Rtnl.RTM_DELROUTE) : null,
        Rtnl.RTM_NEWNEIGH or Rtnl.RTM_DELNEIGH => Neighbor.Decode(body) is { } neighbor ? new NeighborChanged(neighbor, type == Rtnl.RTM_DELNEIGH) : null,
        _ => null,
    };

    // A bridge announces a port that leaves it as RTM_DELLINK of family AF_BRIDGE; the link itself stays.
    private static bool IsBridgePort(ReadOnlySpan<byte> body) => NetlinkMessages.Head<IfInfoMsg>(body).Family != 0;

    private static bool Subscribe(SafeFileHandle socket, MonitorGroups groups)
    {
        // Beyond rmem_max when we may; a smaller buffer only means an earlier resync.
        if (!LinksLibC.SetOption(socket, LinksLibC.SOL_SOCKET, LinksLibC.SO_RCVBUFFORCE, ReceiveBufferBytes))
            LinksLibC.SetOption(socket, LinksLibC.SOL_SOCKET, LinksLibC.SO_RCVBUF, ReceiveBufferBytes);

        bool Join(MonitorGroups group, params ReadOnlySpan<int> numbers)
        {
            if ((groups & group) == 0) return true;
            foreach (var number in numbers)
                if (!LinksLibC.SetOption(socket, LinksLibC.SOL_NETLINK, LinksLibC.NETLINK_ADD_MEMBERSHIP, number)) return false;
            return true;
        }

        return Join(MonitorGroups.Links, Rtnl.RTNLGRP_LINK)
            && Join(MonitorGroups.Addresses, Rtnl.RTNLGRP_IPV4_IFADDR, Rtnl.RTNLGRP_IPV6_IFADDR)
            && Join(MonitorGroups.Routes, Rtnl.RTNLGRP_IPV4_ROUTE, Rtnl.RTNLGRP_IPV6_ROUTE)
            && Join(MonitorGroups.Neighbors, Rtnl.RTNLGRP_NEIGH);
    }

    /// <summary>True when the socket has something; false at the end of the time or when interrupted.</summary>
    private unsafe bool Wait(TimeSpan left, out bool interrupted)
    {
        interrupted = false;
        var milliseconds = left == Timeout.InfiniteTimeSpan ? -1 : (int)Math.Min(Math.Ceiling(left.TotalMilliseconds), int.MaxValue);
        var descriptors = stackalloc PollFd[2];
        descriptors[0] = new PollFd { Fd = (int)_socket.DangerousGetHandle(), Events = LinksLibC.POLLIN };
        descriptors[1] = new PollFd { Fd = (int)_wake.DangerousGetHandle(), Events = LinksLibC.POLLIN };
        if (LinksLibC.poll(descriptors, 2, milliseconds) < 0)
        {
            var errno = ErrnoExtensions.Last();
            return errno == Errno.EINTR ? false : throw new NetlinkException("poll(NETLINK_ROUTE)", errno);
        }

        if (descriptors[1].Returned != 0)
        {
            interrupted = true;
            ulong count;
            LinksLibC.read(_wake, &count, sizeof(ulong));
        }

        return descriptors[0].Returned != 0;
    }

    private void Receive()
    {
        var buffer = NetlinkBuffers.Receive.Get();
        try
        {
            var (length, errno) = NetlinkSocket.Receive(_socket, buffer, LinksLibC.MSG_DONTWAIT);
            switch (errno)
            {
                case Errno.None:
                    break;
                case Errno.EAGAIN or Errno.EINTR:
                    return;
                case Errno.ENOBUFS or Errno.EMSGSIZE:
                    _ready.Enqueue(new ResyncNeeded());
                    return;
                default:
                    throw new NetlinkException("recv(NETLINK_ROUTE)", errno);
            }

            var messages = new NetlinkMessages(buffer.AsSpan(0, length));
            while (messages.MoveNext())
                if (Decode(messages.Header.Type, messages.Body) is { } change) _ready.Enqueue(change);
        }
        finally
        {
            NetlinkBuffers.Receive.Return(buffer);
        }
    }
}
