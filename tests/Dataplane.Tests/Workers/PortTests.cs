using Dataplane.Telemetry;
using Dataplane.Testing;
using Dataplane.Workers;
using Xdp.Interop;
using OpenNamespace = Xdp.Interop.Links.NetworkNamespace;

namespace Dataplane.Tests.Workers;

/// <summary>A port on a veth of a namespace of its own: what happens to packets that cannot leave.</summary>
public sealed class PortTests
{
    private const int Frames = 256, Ring = 64, Length = 60;

    [RequiresRootFact]
    public void SendsAndTakesFramesBack()
    {
        using var bed = new Bed();
        for (int i = 0; i < 10 * Ring; i++) Xunit.Assert.Equal(DropReason.None, bed.Send());
        bed.Port.Flush(bed.Pool, bed.Counters);
        Xunit.Assert.Equal((10ul * Ring, 0ul), (bed.Port.Counters.TxPackets, bed.Port.Counters.TxErrors));
        bed.WaitUntilNothingIsSent();
    }

    [RequiresRootFact]
    public void CountsWhatTheKernelRefuses()
    {
        using var bed = new Bed();
        bed.Node.Ip("link set v0 down");
        Xunit.Assert.Equal(DropReason.None, bed.Send());
        bed.Port.Flush(bed.Pool, bed.Counters);
        Xunit.Assert.Equal((1ul, 1ul), (bed.Port.Counters.TxErrors, bed.Counters.Dropped(DropReason.TransmitFailed, TrafficDirection.None)));
    }

    [RequiresRootFact]
    public void DropsWhatTheRingHasNoRoomFor()
    {
        using var bed = new Bed();
        bed.Node.Ip("link set v0 down");
        for (int i = 0; i < Ring; i++) Xunit.Assert.Equal(DropReason.None, bed.Send());
        int free = bed.Pool.Available;
        Xunit.Assert.Equal(DropReason.TransmitRingFull, bed.Send());
        Xunit.Assert.Equal(free, bed.Pool.Available);

        bed.Node.Ip("link set v0 up");
        bed.WaitUntilNothingIsSent();
    }

    [RequiresRootFact]
    public void GivesEveryFrameBackWhenItIsClosed()
    {
        using var bed = new Bed();
        bed.Port.Refill(bed.Pool);
        bed.Node.Ip("link set v0 down");
        for (int i = 0; i < Ring / 2; i++) bed.Send();
        Xunit.Assert.True(bed.Pool.Available < Frames - Ring);
        bed.Port.Close(bed.Pool);
        Xunit.Assert.Equal(Frames, bed.Pool.Available);
        Xunit.Assert.Equal(0ul, bed.Port.Counters.FramesInKernel);
    }

    private sealed class Bed : IDisposable
    {
        private readonly Topology _topology = Topology.Create();
        private readonly Umem _umem = Umem.Create(Frames);
        private readonly Transmitter _transmitter;

        public Bed()
        {
            Node = _topology.AddNamespace("node");
            Node.Ip("link add v0 type veth peer name v1");
            Node.Ip("link set v0 up");
            Node.Ip("link set v1 up");
            using var inside = OpenNamespace.Open(Node.Path);
            var socket = inside.Run(() => XskSocket.Open(_umem, InterfaceName.ToIndex("v0"), 0, new XskSocketOptions { TxRingSize = Ring, FillRingSize = 2 * Ring, CompletionRingSize = 2 * Ring }));
            Port = new Port(1, PortKind.Pod, "v0", socket, new FrameOwners(Frames), 2 * Ring) { Worker = 0 };
            Pool = new FramePool(Frames, new SharedFramePool([.. Enumerable.Range(0, Frames).Select(i => (ulong)i * Umem.FrameSize)]));
            _transmitter = new Transmitter(0, _umem, Pool, Counters);
        }

        public Testing.NetworkNamespace Node { get; }

        public Port Port { get; }

        public FramePool Pool { get; }

        public WorkerCounters Counters { get; } = new();

        public DropReason Send()
        {
            Xunit.Assert.True(Pool.TryTake(out ulong address));
            _umem.Frame(address).Slice(Umem.RxHeadroom, Length).Fill(0xff);
            return _transmitter.Queue(Port, [new XdpDescriptor(address + Umem.RxHeadroom, Length)], Length);
        }

        /// <summary>The kernel completes a packet when its receiver has freed it.</summary>
        public void WaitUntilNothingIsSent()
        {
            var deadline = DateTime.UtcNow.AddSeconds(5);
            while (Port.HasTransmitWork && DateTime.UtcNow < deadline)
            {
                Port.Flush(Pool, Counters);
                Thread.Sleep(5);
            }
            Xunit.Assert.Equal(Frames, Pool.Available);
        }

        public void Dispose()
        {
            Port.Socket.Dispose();
            _umem.Dispose();
            _topology.Dispose();
        }
    }
}
