using System.Diagnostics;
using System.Globalization;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Testing.Packets;
using Dataplane.Tests.Workers;
using Xunit;
using Xunit.Abstractions;

namespace Dataplane.Tests;

/// <summary>
/// Random and mutated frames of both families from every side, in batches down both lanes as a worker drives them: the path throws nothing,
/// writes nothing outside the packet, ends every packet, and allocates nothing. DATAPLANE_FUZZ_FRAMES sets how many frames,
/// DATAPLANE_FUZZ_SEED which; without the latter every run has others.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
#if DEBUG
    private const long DefaultFrames = 1_000_000; // unoptimised code is some ten times slower; Release runs ten million
#else
    private const long DefaultFrames = 10_000_000;
#endif
    private const int Round = LaneBed.Batch * 1000; // frames by the same tables

    private readonly byte[][] _frames = [.. Enumerable.Range(0, LaneBed.Batch).Select(_ => new byte[PathHarness.ChunkSize])];
    private readonly int[] _lengths = new int[LaneBed.Batch];
    private readonly (PacketOrigin Origin, ushort Port)[] _from = new (PacketOrigin, ushort)[LaneBed.Batch];

    [Fact]
    public void SurvivesWhateverComes()
    {
        long frames = FromEnvironment("DATAPLANE_FUZZ_FRAMES") ?? DefaultFrames;
        ulong seed = (ulong)(FromEnvironment("DATAPLANE_FUZZ_SEED") ?? Random.Shared.NextInt64());
        var mutator = new FrameMutator(Seeds(), seed);
        // Several sets of tables: every now and then all flows are judged anew, and once in a while there is no IPv6.
        DataplaneTables[] tables = [Both(), Changed(), Both(), new SampleNode().Build(), Changed()];
        var bed = new LaneBed(tables[0], flows: 4096);
        var ends = new long[2, 4]; // by family
        var drops = new long[Enum.GetValues<DropReason>().Length + 1];
        var clock = Stopwatch.StartNew();
        long frame = 0;
        int allocatingRounds = 0, rounds = 0;
        try
        {
            Run(bed, mutator, LaneBed.Batch * 100, ends, drops, ref frame); // everything is compiled
            while (frame < frames)
            {
                bed.Tables = tables[rounds++ % tables.Length];
                bed.Now++;
                long before = GC.GetAllocatedBytesForCurrentThread();
                Run(bed, mutator, Math.Min(frames, frame + Round), ends, drops, ref frame);
                if (GC.GetAllocatedBytesForCurrentThread() != before) allocatingRounds++;
            }
        }
        catch (Exception e)
        {
            int place = bed.Current;
            throw new InvalidOperationException($"seed {seed}, frame {frame + place}, {Convert.ToHexString(_frames[place].AsSpan(0, _lengths[place]))} from {_from[place]}: {e.Message}", e);
        }
        output.WriteLine($"{frame:N0} frames in {clock.Elapsed.TotalSeconds:N1} s, seed {seed}, dropped for {drops.Count(n => n != 0)} reasons; {Describe(ends, 0)}; {Describe(ends, 1)}");
        // Of all rounds; in one or two the runtime may allocate for itself as it replaces code.
        Assert.True(allocatingRounds <= 2, $"bytes were allocated in {allocatingRounds} rounds of {Round} frames, seed {seed}");
        // The frames must get somewhere: a mutator whose frames all die at the first check tests nothing.
        for (int family = 0; family < 2; family++)
            Assert.True(ends[family, (int)VerdictKind.Forward] > frame / 40, $"only {Describe(ends, family)} of {frame} frames, seed {seed}");
        Assert.True(drops.Count(n => n != 0) >= 28, $"only {drops.Count(n => n != 0)} reasons, seed {seed}");
    }

    private void Run(LaneBed bed, FrameMutator mutator, long until, long[,] ends, long[] drops, ref long frame)
    {
        for (; frame < until; frame += LaneBed.Batch)
        {
            for (int place = 0; place < LaneBed.Batch; place++)
            {
                var bytes = mutator.Next(out var origin, out ushort port);
                bytes.CopyTo(_frames[place]);
                (_lengths[place], _from[place]) = (bytes.Length, (origin, port));
                bed.Place(place, bytes, origin, port);
            }
            bed.Carry(LaneBed.Batch);
            for (int place = 0; place < LaneBed.Batch; place++)
            {
                bed.Current = place;
                Check(bed, place);
                var verdict = bed.VerdictOf(place);
                ends[bed.Lanes.IsV6(place) ? 1 : 0, (int)verdict.Kind]++;
                if (verdict.Kind == VerdictKind.Drop) drops[(int)verdict.Reason]++;
            }
        }
    }

    private static void Check(LaneBed bed, int place)
    {
        if (bed.VerdictOf(place).Kind == VerdictKind.Continue) throw new InvalidOperationException("no verdict");
        if (!bed.IsIntact(place)) throw new InvalidOperationException("written outside the packet");
        var (start, head, total) = bed.ExtentOf(place);
        if (start < 0 || head < 0 || head > total || start + head > PathHarness.ChunkSize) throw new InvalidOperationException($"impossible extent {start}+{head} of {total}");
    }

    private static string Describe(long[,] ends, int family) =>
        $"IPv{(family == 0 ? 4 : 6)}: {ends[family, (int)VerdictKind.Forward]:N0} forwarded, {ends[family, (int)VerdictKind.Reply]:N0} answered, {ends[family, (int)VerdictKind.Drop]:N0} dropped";

    private static IEnumerable<byte[]> Seeds() =>
    [
        .. Seeds<IPv4Address>(), .. Seeds<IPv6Address>(),
        // Neighbours ask in many ways, and tunnels carry everything.
        .. PacketCasesOf<IPv6Address>.All().Where(c => c.Origin == PacketOrigin.Pod && c.Frame.Length < 300).Select(c => Tunnelled(c.Frame)),
        IPv6Packets.NeighborSolicitation(SampleNodeOf<IPv6Address>.PodA, SampleNodeOf<IPv6Address>.PodB, null).Build(),
        IPv6Packets.NeighborAdvertisement(SampleNodeOf<IPv6Address>.PodA, SampleNodeOf<IPv6Address>.Gateway, SampleNodeOf<IPv6Address>.PodA, SampleNode.HostMac).Build(),
    ];

    private static IEnumerable<byte[]> Seeds<TAddress>()
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        foreach (var packet in PacketCasesOf<TAddress>.All())
        {
            yield return packet.Frame;
            foreach (var before in packet.Before) yield return before.Frame;
        }
        TAddress podA = SampleNodeOf<TAddress>.PodA, podB = SampleNodeOf<TAddress>.PodB, remotePod = SampleNodeOf<TAddress>.RemotePod;
        byte[] quote = PacketBuilder.Ip(remotePod, podA).Tcp(40_000, 80).BuildIp();
        yield return PacketBuilder.Ip(podA, remotePod).IpOptions(12).Tcp(1, 2, TcpHeader.Syn, options: 20).Build();
        yield return PacketBuilder.Ip(podA, remotePod).Error(IcmpError.TimeExceeded).Payload(quote).Build();
        yield return PacketBuilder.Ip(SampleNodeOf<TAddress>.RemoteGateway, podA).Error(IcmpError.PacketTooBig, 1400).Payload(quote).InVxlan().TypeOfService(3).Build();
        yield return PacketBuilder.Ip(remotePod, podB).TypeOfService(1).Udp(7, 8).Payload(30).InVxlan().TypeOfService(3).Build();
        yield return PacketBuilder.Ip(remotePod, podB).Fragment(0, more: true).Udp(7, 8).UdpLength(2000).Payload(24).InVxlan().Build();
        yield return PacketBuilder.Ip(remotePod, podB).Fragment(32, more: false).Protocol(IpProtocol.Udp).Payload(24).InVxlan().Build();
    }

    private static byte[] Tunnelled(byte[] frame) => PacketBuilder.IPv4(SampleNode.RemoteNode, SampleNode.NodeAddress)
        .Udp(51_000, SampleNode.VxlanPort).NoChecksum().Payload([VxlanHeader.VniFlag, 0, 0, 0, 0, 0, (byte)SampleNode.Vni, 0, .. frame]).Build();

    private static DataplaneTables Both() => SampleNode.BuildBoth(new SampleNode(), new SampleNodeOf<IPv6Address>());

    private static DataplaneTables Changed()
    {
        var (v4, v6) = (new SampleNode { Revision = 2, Mtu = 100 }, new SampleNodeOf<IPv6Address>());
        v4.Endpoints.RemoveAll(e => e.Port == SampleNode.PodBPort);
        v6.Endpoints.RemoveAll(e => e.Port == SampleNode.PodBPort);
        return SampleNode.BuildBoth(v4, v6);
    }

    private static long? FromEnvironment(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? long.Parse(text.Replace("_", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) : null;
}
