using Dataplane.Packets;
using Dataplane.Telemetry;
using Dataplane.Testing.Packets;
using Dataplane.Workers;
using Xdp.Interop;

namespace Dataplane.Tests.Workers;

/// <summary>
/// A transmitter over real frames, whose ports belong to another worker: what it sends is found in the ring to that worker, so no
/// socket is needed.
/// </summary>
internal sealed class TransmitterBed : IDisposable
{
    private const ushort OtherWorker = 1;
    private readonly XdpDescriptor[] _read = new XdpDescriptor[XdpDescriptor.MaxPerPacket];
    private readonly int _frames;
    private readonly Umem _umem;
    private readonly HandoffRing _ring;
    private readonly SharedFramePool _shared;

    public TransmitterBed(int frames = 256, int ring = 256, bool multiBuffer = true, bool txMetadata = true)
    {
        _frames = frames;
        _umem = Umem.Create(frames);
        _shared = new SharedFramePool([.. Enumerable.Range(0, frames).Select(i => (ulong)i * Umem.FrameSize)]);
        Pool = new FramePool(frames, _shared);
        _ring = new HandoffRing(ring);
        Transmitter = new Transmitter(0, _umem, Pool, Counters) { Handoffs = [null, _ring] };
        Port = SocketlessPort.Create(OtherWorker, multiBuffer, txMetadata);
    }

    public Umem Umem => _umem;

    public Transmitter Transmitter { get; }

    public FramePool Pool { get; }

    public WorkerCounters Counters { get; } = new();

    public Port Port { get; }

    /// <summary>True when every frame is free or in the ring.</summary>
    public bool NoFrameIsLost => Pool.Count + _shared.Count + _ring.Count == _frames;

    /// <summary>Puts what the path made of a packet into frames, as the kernel filled them, and sends it.</summary>
    public DropReason Send<TAddress>(PathHarnessOf<TAddress> path, byte[] received)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        var info = path.Info;
        return Transmitter.Send(Port, Place(path, received, new XdpDescriptor[2 * XdpDescriptor.MaxPerPacket]), ref info);
    }

    /// <summary>Puts what the path made of a packet into frames of the pool; returns their descriptors as the kernel gave them.</summary>
    public Span<XdpDescriptor> Place<TAddress>(PathHarnessOf<TAddress> path, byte[] received, Span<XdpDescriptor> frames)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        int count = 0;
        Take(ref frames[count++], path.Chunk[..(path.Info.Start + path.Info.HeadLength)], 0);
        // What is known of the packet says where it starts now; the descriptor still says what the kernel wrote.
        frames[0] = new XdpDescriptor(frames[0].Address + PathHarness.Headroom, (uint)Math.Min(received.Length, PathHarness.FrameLength));
        for (int at = PathHarness.FrameLength; at < received.Length; at += PathHarness.FrameLength)
            Take(ref frames[count++], received.AsSpan(at, Math.Min(PathHarness.FrameLength, received.Length - at)), PathHarness.Headroom);
        return frames[..count];
    }

    /// <summary>Frees what was sent, without looking at it.</summary>
    public void Discard()
    {
        while (_ring.TryRead(_read, out _, out _) is var count and not 0) Transmitter.Free(_read.AsSpan(0, count));
    }

    /// <summary>Takes packets out of the ring and frees their frames.</summary>
    public List<byte[]> Sent() => Sent(out _);

    /// <summary>The same; <paramref name="requested"/> are the options of each packet's first descriptor.</summary>
    public List<byte[]> Sent(out List<uint> requested)
    {
        requested = [];
        var packets = new List<byte[]>();
        int count;
        while ((count = _ring.TryRead(_read, out _, out int bytes)) != 0)
        {
            var packet = new List<byte>();
            foreach (ref readonly var descriptor in _read.AsSpan(0, count)) packet.AddRange(_umem.Data(descriptor));
            Xunit.Assert.Equal(bytes, packet.Count);
            requested.Add(_read[0].Options);
            packets.Add([.. packet]);
            Transmitter.Free(_read.AsSpan(0, count));
        }
        return packets;
    }

    public void Dispose() => _umem.Dispose();

    private void Take(ref XdpDescriptor frame, ReadOnlySpan<byte> bytes, int offset)
    {
        Xunit.Assert.True(Pool.TryTake(out ulong address));
        bytes.CopyTo(_umem.Frame(address)[offset..]);
        frame = new XdpDescriptor(address + (uint)offset, (uint)bytes.Length, XdpDescriptor.Continued);
    }
}
