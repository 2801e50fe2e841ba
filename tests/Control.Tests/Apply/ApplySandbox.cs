using System.Net.Sockets;
using Dataplane.Testing;
using NetworkNamespace = Xdp.Interop.Links.NetworkNamespace;
using NetlinkSocket = Xdp.Interop.Links.NetlinkSocket;

namespace Dataplane.Control.Tests.Apply;

/// <summary>A node and pods as namespaces without names: nothing to clean up, even after a crash.</summary>
internal sealed class ApplySandbox : IDisposable
{
    private readonly List<IDisposable> _owned = [];

    internal ApplySandbox()
    {
        Node = AddNamespace();
        Netlink = Own(NetlinkSocket.Open(Node));
    }

    internal NetworkNamespace Node { get; }

    /// <summary>Requests in the node's namespace.</summary>
    internal NetlinkSocket Netlink { get; }

    internal NetworkNamespace AddNamespace()
    {
        var ns = Own(NetworkNamespace.CreateAnonymous());
        using var netlink = NetlinkSocket.Open(ns);
        netlink.Links.SetUp(1);
        return ns;
    }

    internal T Own<T>(T owned) where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    internal static string Exec(NetworkNamespace ns, params string[] command) =>
        Command.Run("nsenter", ["--net=" + ns.Path, .. command]).Output.Trim();

    /// <summary>Receives every frame of a namespace, as tcpdump does.</summary>
    internal Socket Sniff(NetworkNamespace ns)
    {
        const int allProtocolsNetworkOrder = 0x0300;
        var socket = Own(ns.Run(() => new Socket(AddressFamily.Packet, SocketType.Raw, (ProtocolType)allProtocolsNetworkOrder)));
        socket.ReceiveTimeout = 3000;
        return socket;
    }

    public void Dispose()
    {
        foreach (var owned in Enumerable.Reverse(_owned)) owned.Dispose();
    }
}
