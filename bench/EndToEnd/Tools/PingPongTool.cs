using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Dataplane.Bench.EndToEnd.Parsing;

namespace Dataplane.Bench.EndToEnd.Tools;

/// <summary>
/// Request/response over one TCP connection: 64 bytes there, 64 bytes back, one at a time, blocking calls.
/// wrk is not used for this: its latency is that of a queue in front of nginx, while this is the path's own.
/// </summary>
internal static class PingPongTool
{
    private const int MessageSize = 64; // bytes
    private static readonly TimeSpan WarmUp = TimeSpan.FromMilliseconds(200);

    /// <summary>Echoes on a port for ever, a thread per connection.</summary>
    internal static int Serve(int port)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(new IPEndPoint(IPAddress.Any, port));
        listener.Listen();
        while (true)
        {
            var connection = listener.Accept();
            new Thread(() => Echo(connection)) { IsBackground = true }.Start();
        }
    }

    /// <summary>Measures for a time and prints round trips, p50 and p99 in microseconds.</summary>
    internal static int Measure(IPEndPoint server, TimeSpan time)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(server);
        Span<byte> message = stackalloc byte[MessageSize];
        RoundTrips(socket, message, WarmUp, []);
        var ticks = new long[(int)(time.TotalSeconds * 500_000) + 1];
        var count = RoundTrips(socket, message, time, ticks);
        var sorted = ticks.AsSpan(0, count);
        sorted.Sort();
        Console.WriteLine(ToolResult.Format(new Dictionary<string, double>
        {
            ["count"] = count,
            ["p50_us"] = Microseconds(sorted[count / 2]),
            ["p99_us"] = Microseconds(sorted[(int)(count * 0.99)]),
            ["max_us"] = Microseconds(sorted[^1]),
        }));
        return 0;
    }

    private static int RoundTrips(Socket socket, Span<byte> message, TimeSpan time, Span<long> ticks)
    {
        var start = Stopwatch.GetTimestamp();
        var end = start + (long)(time.TotalSeconds * Stopwatch.Frequency);
        var count = 0;
        for (var before = start; before < end;)
        {
            socket.Send(message);
            ReceiveAll(socket, message);
            var after = Stopwatch.GetTimestamp();
            if (count < ticks.Length)
            {
                ticks[count++] = after - before;
            }

            before = after;
        }

        return count;
    }

    private static bool ReceiveAll(Socket socket, Span<byte> message)
    {
        for (var got = 0; got < message.Length;)
        {
            var read = socket.Receive(message[got..]);
            if (read == 0)
            {
                return false;
            }

            got += read;
        }

        return true;
    }

    private static void Echo(Socket connection)
    {
        Span<byte> message = stackalloc byte[MessageSize];
        using (connection)
        {
            try
            {
                connection.NoDelay = true;
                while (ReceiveAll(connection, message))
                {
                    connection.Send(message);
                }
            }
            catch (SocketException)
            {
                // The client is gone; the next one gets a connection of its own.
            }
        }
    }

    private static double Microseconds(long ticks) => ticks * 1e6 / Stopwatch.Frequency;
}
