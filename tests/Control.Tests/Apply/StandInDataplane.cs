using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.NetworkInformation;
using Xdp.Interop;

namespace Dataplane.Control.Tests.Apply;

/// <summary>
/// Moves frames between AF_XDP sockets on one thread, by destination address, and changes nothing but Ethernet addresses. Enough to stand where
/// the dataplane stands when what is tested is the stack around it.
/// </summary>
internal sealed class StandInDataplane : IDisposable
{
    private const int Ethernet = 14, FramesPerPort = 256;
    private readonly Umem _umem = Umem.Create(4096);
    private readonly Stack<ulong> _free = [];
    private readonly List<Wire> _wires = [];
    private readonly List<IDisposable> _owned = [];
    private readonly ConcurrentQueue<string> _seen = [];
    private readonly CancellationTokenSource _stop = new();
    private Thread? _thread;
    private volatile IPAddress? _toHost;

    public StandInDataplane()
    {
        for (int i = 0; i < _umem.FrameCount; i++) _free.Push((ulong)i * Umem.FrameSize);
    }

    /// <summary>Frames so far: "host: tcp 10.244.1.1:40000 > 192.0.2.1:30080", ports only of TCP and UDP.</summary>
    public IReadOnlyCollection<string> Seen => _seen;

    /// <summary>Adds a device of the calling thread's namespace, under a program that takes everything.</summary>
    /// <param name="name">Name in <see cref="Seen"/>.</param>
    /// <param name="ifindex">The device.</param>
    /// <param name="program">Its program; sent to slot 0.</param>
    /// <param name="peer">Ethernet address behind it.</param>
    /// <param name="mark">Mark of what is sent there.</param>
    /// <param name="addresses">What is reached by it; none for all that is reached by no other.</param>
    public void Add(string name, int ifindex, XdpProgram program, PhysicalAddress peer, uint mark, params IPAddress[] addresses)
    {
        program.Attach(ifindex, XdpMode.Generic);
        var socket = XskSocket.Open(_umem, ifindex, 0, new XskSocketOptions { Mark = mark });
        program.Map("xsks").Update(0u, socket.Fd);
        program.Map("ports").Update((uint)ifindex, 0u);
        _owned.Add(program);
        _owned.Add(socket);
        Refill(socket, FramesPerPort);
        _wires.Add(new Wire(name, socket, peer.GetAddressBytes(), [.. addresses]));
    }

    /// <summary>From now on an address is reached by the first device that was added.</summary>
    public void LeadToHost(IPAddress address) => _toHost = address;

    /// <summary>Begins; no device may be added any more.</summary>
    public void Start()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "stand-in" };
        _thread.Start();
    }

    public void Dispose()
    {
        _stop.Cancel();
        _thread?.Join();
        foreach (var owned in Enumerable.Reverse(_owned)) owned.Dispose();
        _umem.Dispose();
        _stop.Dispose();
    }

    private void Run()
    {
        while (!_stop.IsCancellationRequested)
        {
            bool idle = true;
            foreach (var wire in _wires) idle &= !Receive(wire);
            foreach (var wire in _wires) Complete(wire.Socket);
            if (idle) Thread.Sleep(1);
        }
    }

    private bool Receive(Wire wire)
    {
        uint count = wire.Socket.Rx.Peek(64, out uint index);
        for (uint i = 0; i < count; i++)
        {
            var descriptor = wire.Socket.Rx[index + i];
            Forward(wire, _umem.Data(descriptor).ToArray());
            _free.Push(Umem.FrameBase(descriptor.Address));
        }
        wire.Socket.Rx.Release(count);
        Refill(wire.Socket, (int)count);
        return count > 0;
    }

    private void Forward(Wire from, byte[] frame)
    {
        if (frame.Length < Ethernet + 20 || Destination(frame) is not { IsIPv6Multicast: false } to) return;
        _seen.Enqueue($"{from.Name}: {Describe(frame.AsSpan(Ethernet))}");
        var target = to.Equals(_toHost) ? _wires[0] : _wires.Find(wire => wire != from && wire.Addresses.Contains(to)) ?? _wires.Find(wire => wire != from && wire.Addresses.Length == 0);
        if (target is null) return;
        target.Peer.CopyTo(frame, 0);
        new byte[] { 2, 0, 0, 0, 0, 1 }.CopyTo(frame, 6);
        ulong address = _free.Pop() + Umem.RxHeadroom;
        var descriptor = new XdpDescriptor(address, (uint)frame.Length);
        frame.CopyTo(_umem.Data(descriptor));
        if (target.Socket.Tx.Reserve(1, out uint index) == 0) return;
        target.Socket.Tx[index] = descriptor;
        target.Socket.Tx.Submit(1);
        _ = target.Socket.Kick();
    }

    private static IPAddress? Destination(byte[] frame) => (frame[12], frame[13]) switch
    {
        (0x08, 0x00) => new IPAddress(frame.AsSpan(Ethernet + 16, 4)),
        (0x86, 0xdd) when frame.Length >= Ethernet + 40 => new IPAddress(frame.AsSpan(Ethernet + 24, 16)),
        _ => null,
    };

    private void Complete(XskSocket socket)
    {
        uint count = socket.Completion.Peek(64, out uint index);
        for (uint i = 0; i < count; i++) _free.Push(Umem.FrameBase(socket.Completion[index + i]));
        socket.Completion.Release(count);
    }

    private void Refill(XskSocket socket, int count)
    {
        uint granted = socket.Fill.Reserve((uint)count, out uint index);
        for (uint i = 0; i < granted; i++) socket.Fill[index + i] = _free.Pop();
        socket.Fill.Submit(granted);
    }

    private static string Describe(ReadOnlySpan<byte> ip)
    {
        bool six = ip[0] >> 4 == 6;
        var (from, to) = six ? (new IPAddress(ip[8..24]), new IPAddress(ip[24..40])) : (new IPAddress(ip[12..16]), new IPAddress(ip[16..20]));
        byte protocol = six ? ip[6] : ip[9];
        if (protocol is not (6 or 17)) return $"{(protocol is 1 or 58 ? "icmp" : protocol)} {from} > {to}";
        var ports = ip[(six ? 40 : (ip[0] & 15) * 4)..];
        return $"{(protocol == 6 ? "tcp" : "udp")} {new IPEndPoint(from, BinaryPrimitives.ReadUInt16BigEndian(ports))} > {new IPEndPoint(to, BinaryPrimitives.ReadUInt16BigEndian(ports[2..]))}";
    }

    private sealed record Wire(string Name, XskSocket Socket, byte[] Peer, IPAddress[] Addresses);
}
