using BenchmarkDotNet.Attributes;
using Dataplane.Packets;
using Dataplane.Stages;
using Dataplane.Testing.Packets;

namespace Dataplane.Bench.Micro.Stages;

/// <summary>A super-packet of 64 kB cut into segments of the path MTU: payload copied and summed, headers written.</summary>
[MemoryDiagnoser]
public class SegmentBench
{
    private const int Payload = 64_000;
    private readonly PathHarness _path = new();
    private readonly byte[] _payload = new byte[Payload + 2000];
    private readonly byte[] _segment = new byte[2048];
    private PacketInfo<IPv4Address> _info;
    private int _headerLength, _count;

    [GlobalSetup]
    public void Setup()
    {
        new Random(1).NextBytes(_payload);
        var packet = PacketCases.All().Single(c => c.Name == "super-packet to another node");
        packet.Prepare(_path);
        packet.Run(_path, 0);
        _info = _path.Info;
        var view = new Packet<IPv4Address>(_path.Chunk, ref _info);
        _headerLength = Segment.HeaderLength(ref view);
        _count = Payload / _info.SegmentSize;
    }

    [Benchmark]
    public void Cut64kB()
    {
        var header = _path.Chunk.Slice(_info.Start, _headerLength);
        for (int i = 0; i < _count; i++)
        {
            var segment = _segment.AsSpan(0, _headerLength + _info.SegmentSize);
            header.CopyTo(segment);
            _payload.AsSpan(i * _info.SegmentSize, _info.SegmentSize).CopyTo(segment[_headerLength..]);
            Segment.Finish(segment, _info, _headerLength, i, i == _count - 1, 0);
        }
    }
}
