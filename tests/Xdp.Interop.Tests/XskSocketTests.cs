using System.Net;
using System.Net.Sockets;
using Dataplane.Testing;
using Xunit;
using OpenNamespace = Xdp.Interop.Links.NetworkNamespace;

namespace Xdp.Interop.Tests;

public sealed class XskSocketTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    [RequiresRootFact]
    public void FrameLargerThanAChunkArrivesAsSeveralDescriptors()
    {
        using var bed = new PortBed(1);
        var socket = bed.OpenPort(0);
        bed.Pods[0].Ip("neighbour replace 10.9.0.2 lladdr 02:00:00:00:00:02 dev eth0");
        using var sender = UdpIn(bed, 0);
        byte[] payload = new byte[9000];
        Random.Shared.NextBytes(payload);
        sender.SendTo(payload, new IPEndPoint(IPAddress.Parse("10.9.0.2"), 5000));

        var packet = ReceivePacket(bed, socket, p => p.Length == 14 + 20 + 8 + 9000);
        Assert.Equal(payload, packet.Bytes[42..]);
        Assert.Equal(3, packet.Descriptors.Length);
        Assert.Equal([true, true, false], packet.Descriptors.Select(d => d.IsContinued));
        Assert.All(packet.Descriptors, d => Assert.Equal(Umem.RxHeadroom, Umem.FrameOffset(d.Address)));
        Assert.Equal((uint)Umem.MaxRxLength, packet.Descriptors[0].Length);
    }

    [RequiresRootFact]
    public void WithoutMultiBufferALargeFrameIsDroppedAndCounted()
    {
        using var bed = new PortBed(1);
        var socket = bed.OpenPort(0, options: new XskSocketOptions { MultiBuffer = false });
        Assert.False(socket.MultiBuffer);
        bed.Pods[0].Ip("neighbour replace 10.9.0.2 lladdr 02:00:00:00:00:02 dev eth0");
        using var sender = UdpIn(bed, 0);
        sender.SendTo(new byte[9000], new IPEndPoint(IPAddress.Parse("10.9.0.2"), 5000));
        Assert.True(SpinWait.SpinUntil(() => socket.ReadStatistics().RxDropped > 0, Patience));
    }

    [RequiresRootFact]
    public void EmptyFillRingDropsAndCounts()
    {
        using var bed = new PortBed(1, frames: 8);
        var socket = bed.OpenPort(0); // gets all 8 chunks
        bed.Pods[0].Ip("neighbour replace 10.9.0.2 lladdr 02:00:00:00:00:02 dev eth0");
        using var sender = UdpIn(bed, 0);
        for (int i = 0; i < 20; i++)
            sender.SendTo([1], new IPEndPoint(IPAddress.Parse("10.9.0.2"), 5000));
        Assert.True(SpinWait.SpinUntil(() => socket.ReadStatistics().RxFillRingEmpty > 0, Patience));
        Assert.Equal(8u, socket.Rx.Outstanding);
    }

    [RequiresRootTheory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void ChecksumIsCompletedBelowOnlyWhenAskedFor(bool ask, bool arrives)
    {
        using var bed = new PortBed(1);
        var socket = bed.OpenPort(0);
        using var receiver = UdpIn(bed, 0);
        receiver.ReceiveTimeout = 700;
        int port = ((IPEndPoint)receiver.LocalEndPoint!).Port;
        byte[] frame = UdpFrame.Build(bed.MacOf(0), "10.9.0.2", PortBed.AddressOf(0), 4000, (ushort)port, "half a checksum"u8);
        UdpFrame.SetHalfChecksum(frame);
        // The sending end must do the sum itself, so that what arrives is complete and the pod's kernel verifies it.
        bed.Node.Run("ethtool", "-K", "v0", "tx", "off");

        Send(bed, socket, frame, ask ? TxChecksum.Udp : TxChecksum.None);
        byte[] buffer = new byte[64];
        if (arrives)
            Assert.Equal("half a checksum", System.Text.Encoding.ASCII.GetString(buffer, 0, receiver.Receive(buffer)));
        else
            Assert.Equal(SocketError.TimedOut, Assert.Throws<SocketException>(() => receiver.Receive(buffer)).SocketErrorCode);
    }

    [RequiresRootFact]
    public void ManyFramesGoOutInOneKickAndTheirChunksComeBack()
    {
        using var bed = new PortBed(1);
        var socket = bed.OpenPort(0);
        byte[] frame = UdpFrame.Build(bed.MacOf(0), "10.9.0.2", PortBed.AddressOf(0), 4000, 4001, "x"u8);
        const uint Count = 500;
        uint granted = socket.Tx.Reserve(Count, out uint index);
        Assert.Equal(Count, granted);
        for (uint i = 0; i < Count; i++)
        {
            ulong address = bed.Free.Pop() + Umem.RxHeadroom;
            frame.CopyTo(bed.Umem.Data(new XdpDescriptor(address, (uint)frame.Length)));
            socket.Tx[index + i] = new XdpDescriptor(address, (uint)frame.Length);
        }
        socket.Tx.Submit(Count);
        Assert.Equal(Errno.None, socket.Kick());
        Assert.Equal(0u, socket.Tx.Outstanding);
        Assert.Equal(Count, socket.Completion.Peek(2 * Count, out _));
    }

    [RequiresRootFact]
    public void HotCallsAllocateNothing()
    {
        using var bed = new PortBed(1);
        var socket = bed.OpenPort(0);
        using var set = new WaitSet();
        set.Add(socket.Fd, 0);
        Round(bed, socket, set);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10_000; i++)
            Round(bed, socket, set);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        static void Round(PortBed bed, XskSocket socket, WaitSet set)
        {
            if (socket.Tx.Reserve(1, out uint index) != 1) // Assert allocates
                throw new InvalidOperationException("the TX ring is full");
            ulong address = bed.Free.Pop() + Umem.RxHeadroom;
            bed.Umem.Prefetch(address);
            bed.Umem.Frame(address)[Umem.RxHeadroom] = 1;
            TxMetadata.RequestChecksum(bed.Umem.Frame(address), Umem.RxHeadroom, 34, 6);
            socket.Tx[index] = new XdpDescriptor(address, 60);
            socket.Tx.Submit(1);
            socket.Kick();
            uint done = socket.Completion.Peek(64, out uint first);
            for (uint i = 0; i < done; i++)
                bed.Free.Push(Umem.FrameBase(socket.Completion[first + i]));
            socket.Completion.Release(done);
            socket.Rx.Release(socket.Rx.Peek(64, out _));
            socket.ReadStatistics();
            set.Wait(0);
        }
    }

    [RequiresRootFact]
    public void QueueIsFreeAgainAfterClose()
    {
        using var bed = new PortBed(1);
        int ifindex = bed.IfindexOf(0);
        for (int i = 0; i < 5; i++)
            bed.InNode(() => XskSocket.Open(bed.Umem, ifindex, 0, new XskSocketOptions())).Dispose();
    }

    [RequiresRootFact]
    public void BusyQueueIsRefusedWithItsNameAndARemedy()
    {
        using var bed = new PortBed(1);
        bed.OpenPort(0);
        int ifindex = bed.IfindexOf(0);
        var failure = Assert.Throws<XdpException>(() => bed.InNode(() =>
            XskSocket.Open(bed.Umem, ifindex, 0, new XskSocketOptions { BindTimeout = TimeSpan.FromMilliseconds(20) })));
        Assert.Equal(Errno.EBUSY, failure.Errno);
        Assert.Contains("v0 queue 0", failure.Message, StringComparison.Ordinal);
        Assert.NotNull(failure.Remedy);
    }

    [RequiresRootTheory]
    [InlineData(true, 0u, Errno.ENODEV)]
    [InlineData(false, 7u, Errno.EINVAL)]
    public void MissingDeviceOrQueueIsATypedError(bool missingDevice, uint queue, Errno expected)
    {
        using var bed = new PortBed(1);
        int ifindex = missingDevice ? 9999 : bed.IfindexOf(0);
        var failure = Assert.Throws<XdpException>(() => bed.InNode(() => XskSocket.Open(bed.Umem, ifindex, queue, new XskSocketOptions())));
        Assert.Equal(expected, failure.Errno);
    }

    [RequiresRootFact]
    public void ZeroCopyFallsBackToCopyOnAVeth()
    {
        using var bed = new PortBed(1);
        var socket = bed.OpenPort(0, XdpMode.Native, new XskSocketOptions { RequestZeroCopy = true });
        Assert.False(socket.ZeroCopy);
        Assert.True(socket.MultiBuffer);
    }

    [RequiresRootFact]
    public void RemovedDeviceIsATypedErrorAndDisposeStillWorks()
    {
        using var bed = new PortBed(1);
        var socket = bed.OpenPort(0);
        using var set = new WaitSet();
        set.Add(socket.Fd, 0);
        bed.Node.Ip("link delete v0");
        Assert.True(SpinWait.SpinUntil(() => socket.Kick() == Errno.ENXIO, Patience));
        Assert.Equal(Errno.ENETDOWN, socket.TakeError());
        Assert.Equal(0u, socket.Rx.Peek(64, out _));
        long start = Environment.TickCount64;
        Assert.Equal(0, set.Wait(50)); // a dead socket must not keep its worker awake
        Assert.True(Environment.TickCount64 - start >= 40);
        set.Remove(socket.Fd);
        socket.Dispose();
        Assert.Equal(Errno.EBADF, socket.Kick());
        Assert.Equal(-1, socket.Fd);
    }

    [RequiresRootFact]
    public void SleeperWakesWhenAFrameArrives()
    {
        using var bed = new PortBed(1);
        var socket = bed.OpenPort(0);
        using var set = new WaitSet();
        set.Add(socket.Fd, 7);
        bed.Pods[0].Ip("neighbour replace 10.9.0.2 lladdr 02:00:00:00:00:02 dev eth0");
        using var sender = UdpIn(bed, 0);
        sender.SendTo([1], new IPEndPoint(IPAddress.Parse("10.9.0.2"), 5000));
        Assert.Equal(1, set.Wait(5000));
        Assert.Equal(7, set.Ready(0));
        Assert.True(socket.Rx.Outstanding > 0);
    }

    [Theory]
    [InlineData(1000u, 2048u, 2048u, 0u)]
    [InlineData(2048u, 2048u, 1024u, 0u)]
    [InlineData(2048u, 16u, 2048u, 0u)]
    [InlineData(2048u, 2048u, 2048u, 4096u)]
    public void OptionsThatTheKernelWouldRefuseAreExplained(uint rx, uint tx, uint completion, uint budget)
    {
        var options = new XskSocketOptions { RxRingSize = rx, TxRingSize = tx, CompletionRingSize = completion, TxBudget = budget };
        using var umem = Umem.Create(1);
        Assert.Throws<ArgumentException>(() => XskSocket.Open(umem, 1, 0, options));
    }

    private enum TxChecksum
    {
        None,
        Udp,
    }

    private static Socket UdpIn(PortBed bed, int pod)
    {
        using var inside = OpenNamespace.Open(bed.Pods[pod].Path);
        return inside.Run(() =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(IPAddress.Any, 0));
            return socket;
        });
    }

    private static void Send(PortBed bed, XskSocket socket, byte[] frame, TxChecksum checksum)
    {
        ulong address = bed.Free.Pop() + Umem.RxHeadroom;
        frame.CopyTo(bed.Umem.Data(new XdpDescriptor(address, (uint)frame.Length)));
        uint options = 0;
        if (checksum == TxChecksum.Udp)
        {
            TxMetadata.RequestChecksum(bed.Umem.Frame(address), Umem.RxHeadroom, start: 34, offset: 6);
            options = XdpDescriptor.TxMetadata;
        }
        Assert.Equal(1u, socket.Tx.Reserve(1, out uint index));
        socket.Tx[index] = new XdpDescriptor(address, (uint)frame.Length, options);
        socket.Tx.Submit(1);
        Assert.Equal(Errno.None, socket.Kick());
    }

    private static (byte[] Bytes, XdpDescriptor[] Descriptors) ReceivePacket(PortBed bed, XskSocket socket, Func<byte[], bool> wanted)
    {
        long until = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        while (Environment.TickCount64 < until)
        {
            uint count = socket.Rx.Peek(64, out uint index);
            var descriptors = new List<XdpDescriptor>();
            for (uint i = 0; i < count; i++)
            {
                descriptors.Add(socket.Rx[index + i]);
                if (descriptors[^1].IsContinued)
                    continue;
                byte[] bytes = [.. descriptors.SelectMany(d => bed.Umem.Data(d).ToArray())];
                if (wanted(bytes))
                    return (bytes, [.. descriptors]);
                descriptors.Clear();
            }
            socket.Rx.Release(count);
            Thread.Sleep(1);
        }
        throw new TimeoutException("the packet did not arrive");
    }
}
