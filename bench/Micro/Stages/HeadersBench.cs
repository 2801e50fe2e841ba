using BenchmarkDotNet.Attributes;
using Dataplane.Packets;
using Dataplane.Stages;
using Dataplane.Testing.Packets;

namespace Dataplane.Bench.Micro.Stages;

/// <summary>Reading of IP and TCP headers; taking a packet out of the tunnel; putting one in. All leave the packet so that it can be done again.</summary>
[MemoryDiagnoser]
public class HeadersBench
{
    private readonly PathHarness _plain = new(), _tunnelled = new();
    private PacketInfo<IPv4Address> _parsed, _outer;

    [GlobalSetup]
    public void Setup()
    {
        var plain = PacketCases.PodToServiceOnAnotherNode();
        plain.Prepare(_plain);
        plain.Run(_plain, 0);
        plain.Frame.CopyTo(_plain.Chunk[PathHarness.Headroom..]);
        _parsed = _plain.Info;
        (_parsed.Start, _parsed.HeadLength, _parsed.TotalLength) = (PathHarness.Headroom, plain.Frame.Length, plain.Frame.Length);
        (_parsed.NetworkOffset, _parsed.TransportOffset, _parsed.OuterLength) = (14, 34, 0);

        byte[] frame = PacketCases.OverlayToPod().Frame;
        frame.CopyTo(_tunnelled.Chunk[PathHarness.Headroom..]);
        (_outer.Start, _outer.HeadLength, _outer.TotalLength) = (PathHarness.Headroom, frame.Length, frame.Length);
    }

    [Benchmark]
    public Verdict ParseHeaders()
    {
        var packet = new Packet<IPv4Address>(_plain.Chunk, ref _parsed);
        return Dataplane.Stages.ParseHeaders.Run(ref packet);
    }

    [Benchmark]
    public Verdict Encap()
    {
        var info = _parsed;
        var packet = new Packet<IPv4Address>(_plain.Chunk, ref info);
        return VxlanEncap.Run(ref packet, _plain.Tables.Vteps[0], 7);
    }

    [Benchmark]
    public Verdict Decap()
    {
        var info = _outer;
        var packet = new Packet<IPv4Address>(_tunnelled.Chunk, ref info);
        return VxlanDecap.Run(ref packet, _tunnelled.Tables.Node, _tunnelled.Tables.Vteps);
    }
}
