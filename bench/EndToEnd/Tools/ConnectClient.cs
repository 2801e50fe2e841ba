using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using Dataplane.Bench.EndToEnd.Parsing;

namespace Dataplane.Bench.EndToEnd.Tools;

/// <summary>
/// Connects, sends a byte, is answered with one and resets, again and again on some sockets at a time: what a new connection costs, with as
/// little as possible of what a client and a server do for it. A reset frees the port at once, so the client does not run out of them.
/// </summary>
internal static class ConnectClient
{
    private const int InFlight = 100;
    private const int ReadSize = 8; // bytes
    private const int WaitMilliseconds = 100;

    /// <summary>Runs for a time and prints connections, errors, seconds, and how long a connection took until its answer, microseconds.</summary>
    internal static int Run(IPEndPoint service, TimeSpan time)
    {
        var address = RawSocket.Address(service);
        var buffer = Marshal.AllocHGlobal(ReadSize);
        using var poll = new EpollSet(InFlight);
        var began = new Dictionary<int, (long At, bool Asked)>(InFlight);
        var ticks = new List<long>((int)(time.TotalSeconds * 100_000));
        var errors = 0;
        var start = Stopwatch.GetTimestamp();
        var end = start + (long)(time.TotalSeconds * Stopwatch.Frequency);
        for (var i = 0; i < InFlight; i++)
            Open();
        while (Stopwatch.GetTimestamp() < end)
        {
            var count = poll.Wait(WaitMilliseconds);
            for (var i = 0; i < count; i++)
                Advance(poll[i].Descriptor);
        }

        var elapsed = Stopwatch.GetElapsedTime(start);
        ticks.Sort();
        Console.WriteLine(ToolResult.Format(new Dictionary<string, double>
        {
            ["count"] = ticks.Count,
            ["errors"] = errors,
            ["seconds"] = elapsed.TotalSeconds,
            ["p50_us"] = Microseconds(0.5),
            ["p99_us"] = Microseconds(0.99),
        }));
        return 0;

        void Open()
        {
            var socket = RawSocket.Open();
            if (socket < 0)
                throw new BenchException($"socket: errno {-socket}");
            began[socket] = (Stopwatch.GetTimestamp(), false);
            var result = RawSocket.Connect(socket, address);
            if (result is not (0 or -RawSocket.Einprogress))
                throw new BenchException($"connect to {service}: errno {-result}");
            poll.Watch(socket, EpollSet.In | EpollSet.Out | EpollSet.EdgeTriggered);
        }

        void Advance(int socket)
        {
            var (at, asked) = began[socket];
            if (!asked)
            {
                if (RawSocket.TakeError(socket, buffer) != 0 || RawSocket.Send(socket, buffer, 1) != 1)
                {
                    errors++;
                    Again(socket);
                    return;
                }

                began[socket] = (at, true);
            }

            var got = RawSocket.Receive(socket, buffer, ReadSize);
            if (got == -RawSocket.Eagain)
                return;
            if (got == 1)
                ticks.Add(Stopwatch.GetTimestamp() - at);
            else
                errors++;
            Again(socket);
        }

        void Again(int socket)
        {
            began.Remove(socket);
            RawSocket.Reset(socket);
            Open();
        }

        double Microseconds(double share) => ticks.Count == 0 ? 0 : ticks[(int)((ticks.Count - 1) * share)] * 1e6 / Stopwatch.Frequency;
    }
}
