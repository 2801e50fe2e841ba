using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Dataplane.Bench.EndToEnd.Tools;

/// <summary>Connects by TCP again and again until it works.</summary>
internal static class ProbeTool
{
    /// <summary>0 when a connection was made within the time, else 1 with the last reason.</summary>
    internal static async Task<int> RunAsync(IPEndPoint server, TimeSpan time)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
            try
            {
                await socket.ConnectAsync(server, limit.Token);
                return 0;
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                if (watch.Elapsed > time)
                {
                    await Console.Error.WriteLineAsync(e is SocketException ? e.Message : "no answer");
                    return 1;
                }
            }

            await Task.Delay(50);
        }
    }
}
