using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;

namespace Dataplane.Bench.EndToEnd.Tools;

/// <summary>
/// Connects to a service again and again, some hundred times a second, and says when a new connection was answered by another backend than
/// the one before: "backend N MILLISECONDS" by the machine's monotonic clock, and "refused ERRNO MILLISECONDS" for one that reached none.
/// </summary>
internal static class BackendWatch
{
    private const int ReadSize = 8; // bytes
    /// <summary>Milliseconds for a connection, unless others are given.</summary>
    internal const int Patience = 200;

    /// <summary>Runs until it is ended.</summary>
    /// <param name="service">Where to connect.</param>
    /// <param name="patience">Milliseconds after which a connection is given up.</param>
    internal static int Run(IPEndPoint service, int patience)
    {
        var address = RawSocket.Address(service);
        var buffer = Marshal.AllocHGlobal(ReadSize);
        var last = -1;
        while (true)
        {
            var answer = Ask(address, buffer, patience);
            if (answer != last)
            {
                var text = answer < 0 ? $"refused {-answer}" : $"backend {answer}";
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{text} {Stopwatch.GetTimestamp() * 1e3 / Stopwatch.Frequency:F3}"));
            }

            last = answer;
            // Leaves the machine to those that are measured; the figure is that much too large at most.
            Thread.Sleep(1);
        }
    }

    // The backend's number, or the negative errno.
    private static int Ask(IntPtr address, IntPtr buffer, int patience)
    {
        using var poll = new EpollSet(1);
        var socket = RawSocket.Open();
        try
        {
            var result = RawSocket.Connect(socket, address);
            if (result is not (0 or -RawSocket.Einprogress))
                return result;
            poll.Watch(socket, EpollSet.In | EpollSet.Out | EpollSet.EdgeTriggered);
            var clock = Stopwatch.StartNew();
            for (var asked = false; clock.ElapsedMilliseconds < patience;)
            {
                if (poll.Wait(patience) == 0)
                    continue;
                if (!asked && RawSocket.TakeError(socket, buffer) is var error and not 0)
                    return -error;
                if (!asked && RawSocket.Send(socket, buffer, 1) is var sent and not 1)
                    return sent;
                asked = true;
                var got = RawSocket.Receive(socket, buffer, ReadSize);
                if (got != -RawSocket.Eagain)
                    return got > 0 ? Marshal.ReadByte(buffer) : got;
            }

            return -110; // ETIMEDOUT
        }
        finally
        {
            RawSocket.Reset(socket);
        }
    }
}
