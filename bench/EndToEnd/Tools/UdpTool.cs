using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Dataplane.Bench.EndToEnd.Parsing;

namespace Dataplane.Bench.EndToEnd.Tools;

/// <summary>One flow of 64-byte datagrams, as fast as one sender gets them out; what counts is what arrives.</summary>
internal static class UdpTool
{
    private const int SolSocket = 1, SoReceiveBufferForce = 33; // asm-generic/socket.h
    private const int Eagain = 11, Eintr = 4, Econnrefused = 111, Enobufs = 105; // asm-generic/errno*.h
    private const int ReceiveBuffer = 4 << 20; // bytes
    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(400); // the sender is done when nothing came for so long

    /// <summary>Sends for a time and prints how many datagrams the kernel took.</summary>
    /// <param name="receiver">Where to.</param>
    /// <param name="time">How long.</param>
    /// <param name="perSecond">Datagrams per second; 0: as many as go.</param>
    internal static int Send(IPEndPoint receiver, TimeSpan time, int perSecond = 0)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(receiver);
        using var batch = new MessageBatch();
        var handle = (int)socket.Handle;
        long sent = 0, refused = 0;
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < time)
        {
            if (perSecond > 0 && sent > watch.Elapsed.TotalSeconds * perSecond)
            {
                Thread.Sleep(1);
                continue;
            }

            var taken = batch.Send(handle, out var errno);
            if (taken >= 0)
            {
                sent += taken;
            }
            else if (errno is Eagain or Eintr or Enobufs or Econnrefused)
            {
                refused++;
            }
            else
            {
                throw new BenchException($"sendmmsg({receiver}): errno {errno}");
            }
        }

        Console.WriteLine(ToolResult.Format(new Dictionary<string, double>
        {
            ["sent"] = sent, ["seconds"] = watch.Elapsed.TotalSeconds, ["refused"] = refused,
        }));
        return 0;
    }

    /// <summary>
    /// Says "ready", then counts datagrams from the first to the last and prints count and seconds. It looks into its buffer
    /// (which holds some 5 ms of a million packets per second) every millisecond instead of waiting in the kernel: woken for each
    /// packet, the price of waking a core would be the figure.
    /// </summary>
    internal static int Receive(int port, TimeSpan firstWithin)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Any, port));
        Span<byte> size = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(size, ReceiveBuffer);
        socket.SetRawSocketOption(SolSocket, SoReceiveBufferForce, size);
        Console.WriteLine("ready");

        using var batch = new MessageBatch();
        var handle = (int)socket.Handle;
        long count = 0, first = 0;
        var last = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(last) < (count == 0 ? firstWithin : Idle))
        {
            var got = batch.Receive(handle, out var errno);
            if (got > 0)
            {
                last = Stopwatch.GetTimestamp();
                first = count == 0 ? last : first;
                count += got;
            }
            else if (errno is Eagain or Eintr)
            {
                Thread.Sleep(1);
            }
            else
            {
                throw new BenchException($"recvmmsg(port {port}): errno {errno}");
            }
        }

        Console.WriteLine(ToolResult.Format(new Dictionary<string, double>
        {
            ["received"] = count, ["seconds"] = Stopwatch.GetElapsedTime(first, last).TotalSeconds,
        }));
        return 0;
    }
}
