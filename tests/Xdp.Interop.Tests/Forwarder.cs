using System.Buffers.Binary;
using Xdp.Interop.Rings;

namespace Xdp.Interop.Tests;

/// <summary>
/// The smallest dataplane: one thread moves every packet from each port to the other, without a copy, and asks for the
/// checksum of packets that came with half of one. It shows how the pieces are meant to be used together.
/// </summary>
internal sealed class Forwarder : IDisposable
{
    private const uint Batch = 64;
    private readonly PortBed _bed;
    private readonly XskSocket _left, _right;
    private readonly WaitSet _waitSet = new();
    private readonly Thread _thread;
    private volatile bool _stop;

    public Forwarder(PortBed bed, XskSocket left, XskSocket right)
    {
        (_bed, _left, _right) = (bed, left, right);
        _waitSet.Add(left.Fd, 0);
        _waitSet.Add(right.Fd, 1);
        _thread = new Thread(Run) { Name = "forwarder", IsBackground = true };
        _thread.Start();
    }

    public ulong Packets { get; private set; }
    public ulong Descriptors { get; private set; }
    public ulong Bytes { get; private set; }
    public ulong ChecksumRequests { get; private set; }
    public ulong Kicks { get; private set; }
    public Dictionary<Errno, ulong> KickResults { get; } = [];
    public Exception? Failure { get; private set; }

    public void Dispose()
    {
        _stop = true;
        _waitSet.Wake();
        _thread.Join();
        _waitSet.Dispose();
    }

    private void Run()
    {
        try
        {
            int idle = 0;
            while (!_stop)
            {
                uint moved = Move(_left, _right) + Move(_right, _left);
                idle = moved > 0 ? 0 : idle + 1;
                if (idle > 50)
                    _waitSet.Wait(100);
            }
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or IndexOutOfRangeException)
        {
            Failure = e;
        }
    }

    private uint Move(XskSocket from, XskSocket to)
    {
        uint shown = from.Rx.Peek(Batch, out uint source);
        if (shown == 0)
            return 0;
        uint whole = WholePackets(from.Rx, source, shown);
        uint granted = to.Tx.Reserve(whole, out uint target);
        whole = granted == whole ? whole : WholePackets(from.Rx, source, granted);
        bool first = true;
        for (uint i = 0; i < whole; i++)
        {
            ref readonly XdpDescriptor received = ref from.Rx[source + i];
            uint options = received.Options & XdpDescriptor.Continued;
            if (first)
            {
                Packets++;
                if (to.TxMetadata && RequestChecksum(in received))
                    options |= XdpDescriptor.TxMetadata;
            }
            first = !received.IsContinued;
            Bytes += received.Length;
            to.Tx[target + i] = new XdpDescriptor(received.Address, received.Length, options);
        }
        Descriptors += whole;
        from.Rx.Release(whole);
        to.Tx.Submit(whole);
        Send(to);
        _bed.Refill(from, (int)whole);
        return whole;
    }

    /// <summary>Kicks until the ring is empty; a result that is not worth another try ends it.</summary>
    private void Send(XskSocket to)
    {
        for (int tries = 0; to.Tx.Outstanding > 0 && tries < 100; tries++)
        {
            Errno error = to.Kick();
            Kicks++;
            KickResults[error] = KickResults.GetValueOrDefault(error) + 1;
            Reclaim(to);
            if (error is not (Errno.None or Errno.EAGAIN or Errno.EBUSY or Errno.ENOBUFS))
                break;
        }
        Reclaim(to);
    }

    private void Reclaim(XskSocket to)
    {
        uint done = to.Completion.Peek(2 * Batch, out uint index);
        for (uint i = 0; i < done; i++)
            _bed.Free.Push(Umem.FrameBase(to.Completion[index + i]));
        to.Completion.Release(done);
    }

    private static uint WholePackets(RxRing ring, uint index, uint count)
    {
        while (count > 0 && ring[index + count - 1].IsContinued)
            count--;
        return count;
    }

    /// <summary>Whether the L4 checksum field holds just the pseudo-header sum; if so, asks for the rest of it.</summary>
    private bool RequestChecksum(in XdpDescriptor first)
    {
        Span<byte> frame = _bed.Umem.Frame(first.Address);
        int data = Umem.FrameOffset(first.Address);
        Span<byte> packet = frame.Slice(data, (int)first.Length);
        if (packet.Length < 54 || packet[12] != 8 || packet[13] != 0 || packet[14] >> 4 != 4)
            return false;
        int header = (packet[14] & 15) * 4;
        ushort offset = packet[23] switch { 6 => 16, 17 => 6, _ => 0 };
        if (offset == 0)
            return false;
        uint length = BinaryPrimitives.ReadUInt16BigEndian(packet[16..]) - (uint)header;
        uint sum = length + packet[23];
        for (int i = 26; i < 34; i += 2)
            sum += BinaryPrimitives.ReadUInt16BigEndian(packet[i..]);
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        if (BinaryPrimitives.ReadUInt16BigEndian(packet[(14 + header + offset)..]) != sum)
            return false;
        TxMetadata.RequestChecksum(frame, data, (ushort)(14 + header), offset);
        ChecksumRequests++;
        return true;
    }
}
