using System.Runtime.InteropServices;

namespace Dataplane.Bench.EndToEnd.Tools;

/// <summary>Answers each byte of each connection with a byte that says which backend this is, on as many connections as there are descriptors.</summary>
internal static class HoldServer
{
    private const int ReadSize = 64; // bytes: nobody sends more than one at a time

    /// <summary>Says "ready", then serves until it is ended.</summary>
    internal static int Run(int port, byte backend)
    {
        var listener = RawSocket.Listen(port);
        using var poll = new EpollSet(1024);
        var buffer = Marshal.AllocHGlobal(ReadSize);
        var answer = Marshal.AllocHGlobal(ReadSize);
        for (var i = 0; i < ReadSize; i++)
            Marshal.WriteByte(answer, i, backend);
        poll.Watch(listener, EpollSet.In);
        Console.WriteLine("ready");
        while (true)
        {
            var count = poll.Wait(-1);
            for (var i = 0; i < count; i++)
            {
                var (descriptor, _) = poll[i];
                if (descriptor == listener)
                    AcceptAll(listener, poll);
                else if (!Answer(descriptor, buffer, answer))
                    RawSocket.Close(descriptor);
            }
        }
    }

    private static void AcceptAll(int listener, EpollSet poll)
    {
        while (true)
        {
            var connection = RawSocket.Accept(listener);
            if (connection >= 0)
                poll.Watch(connection, EpollSet.In);
            else if (connection is -RawSocket.Emfile or -RawSocket.Enfile)
                throw new BenchException("no more file descriptors: use more backends");
            else if (connection is not (-RawSocket.Econnaborted or -RawSocket.Eintr))
                return;
        }
    }

    // False: the connection has ended.
    private static bool Answer(int connection, IntPtr buffer, IntPtr answer)
    {
        var got = RawSocket.Receive(connection, buffer, ReadSize);
        if (got == -RawSocket.Eagain)
            return true;
        return got > 0 && RawSocket.Send(connection, answer, got) == got;
    }
}
