using System.Net;
using System.Net.Sockets;
using Xunit;
using NetworkNamespace = Xdp.Interop.Links.NetworkNamespace;

namespace Dataplane.Control.Tests.Apply;

/// <summary>Servers that send back what they get, and clients that check it, in namespaces; of the family of the address. Ends them all.</summary>
internal sealed class EchoSockets : IDisposable
{
    private readonly List<IDisposable> _owned = [];

    public T Own<T>(T owned) where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    public void Listen(NetworkNamespace ns, IPAddress address, int port)
    {
        var listener = Own(ns.Run(() => new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp)));
        listener.Bind(new IPEndPoint(address, port));
        listener.Listen();
        var thread = new Thread(() =>
        {
            try
            {
                while (true)
                {
                    var accepted = listener.Accept();
                    new Thread(() => Echo(accepted)) { IsBackground = true }.Start();
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }) { IsBackground = true };
        thread.Start();
    }

    public Socket Connect(NetworkNamespace ns, IPAddress address, int port, IPAddress? bindTo = null, bool expectReply = true)
    {
        var socket = Own(ns.Run(() => new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp)));
        socket.ReceiveTimeout = 5000;
        if (bindTo is not null) socket.Bind(new IPEndPoint(bindTo, 0));
        var connecting = ns.Run(() => socket.ConnectAsync(address, port));
        if (!expectReply) return socket;
        if (Task.WaitAny([connecting], TimeSpan.FromSeconds(5)) < 0) throw new TimeoutException($"no answer from {new IPEndPoint(address, port)}");
        connecting.GetAwaiter().GetResult();
        return socket;
    }

    /// <summary>Sends bytes and expects them back.</summary>
    public static void Exchange(Socket client, int bytes = 200_000)
    {
        var sent = new byte[bytes];
        Random.Shared.NextBytes(sent);
        var sending = Task.Run(() =>
        {
            for (int at = 0; at < bytes;) at += client.Send(sent, at, bytes - at, SocketFlags.None);
        });
        var received = new byte[bytes];
        for (int at = 0; at < bytes;)
        {
            int length = client.Receive(received, at, bytes - at, SocketFlags.None);
            Assert.NotEqual(0, length);
            at += length;
        }
        sending.Wait();
        Assert.Equal(sent, received);
    }

    public void Dispose()
    {
        foreach (var owned in Enumerable.Reverse(_owned)) owned.Dispose();
    }

    private static void Echo(Socket socket)
    {
        using (socket)
        {
            var buffer = new byte[65536];
            try
            {
                for (int length; (length = socket.Receive(buffer)) > 0;)
                    for (int sent = 0; sent < length;) sent += socket.Send(buffer, sent, length - sent, SocketFlags.None);
            }
            catch (SocketException)
            {
                // The client went without a word.
            }
        }
    }
}
