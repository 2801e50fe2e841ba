using System.Diagnostics;
using System.Globalization;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;
using Xunit.Abstractions;

namespace Dataplane.Tests;

/// <summary>
/// Random and mutated frames from every side: the path throws nothing, writes nothing outside the packet, ends every packet, and
/// allocates nothing. DATAPLANE_FUZZ_FRAMES sets how many frames, DATAPLANE_FUZZ_SEED which; without the latter every run has others.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
#if DEBUG
    private const long DefaultFrames = 1_000_000; // unoptimised code is some ten times slower; Release runs ten million
#else
    private const long DefaultFrames = 10_000_000;
#endif
    private const int Batch = 64;

    [Fact]
    public void SurvivesWhateverComes()
    {
        long frames = FromEnvironment("DATAPLANE_FUZZ_FRAMES") ?? DefaultFrames;
        ulong seed = (ulong)(FromEnvironment("DATAPLANE_FUZZ_SEED") ?? Random.Shared.NextInt64());
        var mutator = new FrameMutator(Seeds(), seed);
        // Two sets of tables: every now and then all flows are judged anew.
        var tables = new[] { new SampleNode().Build(), Changed().Build() };
        var path = new PathHarness(tables[0], flows: 4096);
        var ends = new long[4];
        var drops = new long[Enum.GetValues<DropReason>().Length + 1];
        var clock = Stopwatch.StartNew();
        long frame = 0;
        int allocatingBatches = 0;
        try
        {
            Run(path, mutator, Batch * 100, ends, drops, ref frame); // everything is compiled
            while (frame < frames)
            {
                path.Tables = tables[frame / 100_000 % 2];
                path.Now++;
                long before = GC.GetAllocatedBytesForCurrentThread();
                Run(path, mutator, Math.Min(frames, frame + 100_000), ends, drops, ref frame);
                if (GC.GetAllocatedBytesForCurrentThread() != before) allocatingBatches++;
            }
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"seed {seed}, frame {frame}, {Convert.ToHexString(mutator.Current)} from {mutator.Origin} port {mutator.Port}: {e.Message}", e);
        }
        output.WriteLine($"{frame:N0} frames in {clock.Elapsed.TotalSeconds:N1} s, seed {seed}: {ends[(int)VerdictKind.Forward]:N0} forwarded, {ends[(int)VerdictKind.Reply]:N0} answered, {ends[(int)VerdictKind.Drop]:N0} dropped for {drops.Count(n => n != 0)} reasons");
        // Of a hundred batches of 100,000 frames; in one or two the runtime may allocate for itself as it replaces code.
        Assert.True(allocatingBatches <= 2, $"bytes were allocated in {allocatingBatches} batches of 100,000 frames, seed {seed}");
        // The frames must get somewhere: a mutator whose frames all die at the first check tests nothing.
        Assert.True(ends[(int)VerdictKind.Forward] > frame / 20, $"only {ends[(int)VerdictKind.Forward]} of {frame} forwarded, seed {seed}");
        Assert.True(drops.Count(n => n != 0) >= 25, $"only {drops.Count(n => n != 0)} reasons, seed {seed}");
    }

    private static void Run(PathHarness path, FrameMutator mutator, long until, long[] ends, long[] drops, ref long frame)
    {
        for (; frame < until; frame++)
        {
            if (frame % Batch == 0) path.Begin();
            var bytes = mutator.Next(out var origin, out ushort port);
            var verdict = path.Run(bytes, origin, port);
            if (verdict.Kind == VerdictKind.Continue) throw new InvalidOperationException("no verdict");
            if (!path.IsIntact()) throw new InvalidOperationException("written outside the packet");
            ref var info = ref path.Info;
            if (info.Start < 0 || info.HeadLength < 0 || info.HeadLength > info.TotalLength || info.Start + info.HeadLength > PathHarness.ChunkSize)
                throw new InvalidOperationException($"impossible extent {info.Start}+{info.HeadLength} of {info.TotalLength}");
            ends[(int)verdict.Kind]++;
            if (verdict.Kind == VerdictKind.Drop) drops[(int)verdict.Reason]++;
        }
    }

    private static IEnumerable<byte[]> Seeds()
    {
        foreach (var packet in PacketCases.All())
        {
            yield return packet.Frame;
            foreach (var before in packet.Before) yield return before.Frame;
        }
        byte[] quote = PacketBuilder.IPv4(SampleNode.RemotePod, SampleNode.PodA).Tcp(40_000, 80).BuildIp();
        yield return PacketBuilder.IPv4(SampleNode.PodA, SampleNode.RemotePod).IpOptions(12).Tcp(1, 2, TcpHeader.Syn, options: 20).Build();
        yield return PacketBuilder.IPv4(SampleNode.PodA, SampleNode.RemotePod).Icmp(IcmpHeader.TimeExceeded).Payload(quote).Build();
        yield return PacketBuilder.IPv4(SampleNode.RemoteGateway, SampleNode.PodA).Icmp(IcmpHeader.DestinationUnreachable, 4, 1400).Payload(quote).InVxlan().TypeOfService(3).Build();
        yield return PacketBuilder.IPv4(SampleNode.RemotePod, SampleNode.PodB).TypeOfService(1).Udp(7, 8).Payload(30).InVxlan().TypeOfService(3).Build();
        yield return PacketBuilder.IPv4(SampleNode.RemotePod, SampleNode.PodB).Fragment(0, more: true).Udp(7, 8).UdpLength(2000).Payload(24).InVxlan().Build();
        yield return PacketBuilder.IPv4(SampleNode.RemotePod, SampleNode.PodB).Fragment(32, more: false).Protocol(IpProtocol.Udp).Payload(24).InVxlan().Build();
    }

    private static SampleNode Changed()
    {
        var node = new SampleNode { Revision = 2, Mtu = 100 };
        node.Endpoints.RemoveAll(e => e.Address == SampleNode.PodB);
        return node;
    }

    private static long? FromEnvironment(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? long.Parse(text.Replace("_", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) : null;
}
