using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing;
using Xunit;

namespace Dataplane.Tests.Conntrack;

/// <summary>F2, F3: flows in the table of one process, and in that of the next.</summary>
public abstract class FlowArchiveTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private const int Capacity = 2000;
    private const uint Then = 100_000, Now = 1; // clocks of two processes

    private readonly ConntrackTable<TAddress> _before = Table(seed: 1, workers: 2);
    private readonly ConntrackTable<TAddress> _after = Table(seed: 2, workers: 3);

    [Fact]
    public void F2_AFlowIsFoundFromBothDirectionsAndIsWhatItWas()
    {
        var original = new FlowTuple<TAddress>(PodA, World, Be16.FromHost(40_000), Be16.FromHost(443), IpProtocol.Tcp);
        Assert.True(_before.NatPorts.TryTake(original, 12345, out var port));
        var flow = Flows.Entry(original, new FlowTuple<TAddress>(World, NodeAddress, Be16.FromHost(443), port, IpProtocol.Tcp), FlowState.FinWait);
        flow.Flags = FlowFlags.Masqueraded | FlowFlags.PooledPort | FlowFlags.Replied | FlowFlags.FinReply;
        flow.OriginalAction = new FlowAction { Revision = 7, Kind = ForwardKind.Overlay, Target = 3 };
        (flow.OriginalPackets, flow.OriginalBytes, flow.ReplyPackets, flow.ReplyBytes, flow.OriginalMtu, flow.ReplyMtu) = (5, 500, 4, 4000, 1400, 1500);
        Put(_before, flow);

        Assert.Equal((1, 1), Carry());

        int entry = _after.Find(flow.Original, flow.Original.Hash(_after.Seed), out var direction);
        Assert.Equal(FlowDirection.Original, direction);
        Assert.Equal(entry, _after.Find(flow.Reply, flow.Reply.Hash(_after.Seed), out direction));
        Assert.Equal(FlowDirection.Reply, direction);
        var found = _after[entry];
        Assert.Equal((flow.State, flow.Flags), (found.State, found.Flags));
        Assert.Equal((5u, 500ul, 4u, 4000ul, 1400, 1500), (found.OriginalPackets, found.OriginalBytes, found.ReplyPackets, found.ReplyBytes, found.OriginalMtu, found.ReplyMtu));
        // It leads nowhere before it is judged by the tables of now.
        Assert.All([found.OriginalAction, found.ReplyAction], action => Assert.Equal((FlowAction.Undecided, ForwardKind.None), (action.Revision, action.Kind)));
        // The port is in use, until the flow ends.
        Assert.Equal(1, _after.NatPorts.Used);
        Assert.False(_after.NatPorts.TryClaim(flow.Reply));
        _after.Reader.FlushAll();
        Turn(_after, Now);
        Assert.Equal(0, _after.NatPorts.Used);
    }

    [Fact]
    public void F2_EveryFlowIsCarriedAndEachWorkerSeesToSome()
    {
        for (int i = 0; i < 1000; i++) Put(_before, Flows.Entry(Flows.Tuple<TAddress>(i), Flows.Tuple<TAddress>(i).Mirror(), FlowState.Established), worker: i % 2);
        Assert.Equal((1000, 1000), Carry());
        Assert.All(Enumerable.Range(0, 1000), i => Assert.True(_after.Find(Flows.Tuple<TAddress>(i), Flows.Tuple<TAddress>(i).Hash(_after.Seed), out _) >= 0));
        Assert.Equal([334, 333, 333], Enumerable.Range(0, 3).Select(i => _after.Writer(i).Counters.InUse));
        Assert.Equal(Capacity, _after.Accounted());
    }

    /// <summary>Another process reads these numbers: raise <see cref="ConntrackEntry{TAddress}.LayoutVersion"/> with any change here.</summary>
    [Fact]
    public void F16_TheMeaningOfNumbersBelongsToTheLayoutsVersion()
    {
        Assert.Equal(3, ConntrackEntry<TAddress>.LayoutVersion);
        Assert.Equal("Free New Replied SynSent SynReceived Established FinWait TimeWait Closed Orphaned", string.Join(' ', Enum.GetNames<FlowState>()));
        Assert.Equal("None Replied FinOriginal FinReply Service Masqueraded PooledPort FromUnderlay", string.Join(' ', Enum.GetNames<FlowFlags>()));
    }

    /// <summary>The time without a process is idle time too, and what was idle before is not young again.</summary>
    [Theory]
    [InlineData(Flows.Tcp, FlowState.Established, 86400)]
    [InlineData(Flows.Tcp, FlowState.FinWait, 3600)]
    [InlineData(Flows.Udp, FlowState.Replied, 120)]
    [InlineData(132, FlowState.New, 600)]
    public void F11_AFlowExpiresWhenItWouldHave(byte protocol, FlowState state, uint timeout)
    {
        var tuple = Flows.Tuple<TAddress>(1, protocol);
        Put(_before, Flows.Entry(tuple, tuple.Mirror(), state), at: Then - 40);

        Assert.Equal((1, 1), Carry(away: 30));

        int entry = _after.Find(tuple, tuple.Hash(_after.Seed), out _);
        Assert.Equal(timeout - 70, _after.SecondsLeft(_after[entry], Now));
        for (uint now = Now; now < Now + timeout - 70; now++) Turn(_after, now);
        Assert.Equal(entry, _after.Find(tuple, tuple.Hash(_after.Seed), out _));
        Turn(_after, Now + timeout - 70);
        Assert.Equal(-1, _after.Find(tuple, tuple.Hash(_after.Seed), out _));
    }

    /// <summary>What may be evicted waits in a queue, the next to go at its head.</summary>
    [Fact]
    public void F11_OfManyEachExpiresWhenItWouldHave()
    {
        uint[] idle = [3, 27, 11, 19, 1, 24];
        for (int i = 0; i < idle.Length; i++)
        {
            var tuple = Flows.Tuple<TAddress>(i, Flows.Udp);
            Put(_before, Flows.Entry(tuple, tuple.Mirror(), FlowState.New), at: Then - idle[i]);
        }
        var table = Table(seed: 2, workers: 1);
        Carry(table);
        for (uint now = Now; now < Now + 30; now++)
        {
            Turn(table, now);
            Assert.Equal(idle.Count(seconds => seconds + (now - Now) < 30), table.Reader.Snapshot().Count());
        }
    }

    [Fact]
    public void F11_WhatHasExpiredMeanwhileIsLeftOut()
    {
        var udp = Flows.Tuple<TAddress>(1, Flows.Udp);
        Put(_before, Flows.Entry(udp, udp.Mirror(), FlowState.New), at: Then - 20);
        Put(_before, Flows.Entry(Flows.Tuple<TAddress>(2), Flows.Tuple<TAddress>(2).Mirror(), FlowState.Established), at: Then - 20);
        Assert.Equal((2, 1), Carry(away: 10));
        Assert.Equal(Flows.Tuple<TAddress>(2), Assert.Single(_after.Reader.Snapshot()).Original);
    }

    [Fact]
    public void F13_APortThatIsOutOfTheRangeNowTakesItsFlowWithIt()
    {
        var original = new FlowTuple<TAddress>(PodA, World, Be16.FromHost(40_000), Be16.FromHost(443), IpProtocol.Tcp);
        var flow = Flows.Entry(original, new FlowTuple<TAddress>(World, NodeAddress, Be16.FromHost(443), Be16.FromHost(50_000), IpProtocol.Tcp), FlowState.Established);
        flow.Flags = FlowFlags.Masqueraded | FlowFlags.PooledPort;
        Assert.True(_before.NatPorts.TryClaim(flow.Reply));
        Put(_before, flow);
        var narrow = Table(seed: 2, workers: 1, new NatPortPool(60_000, 60_063));
        Assert.Equal((1, 0), Carry(narrow));
        Assert.Equal((0, 0), (narrow.NatPorts.Used, narrow.Reader.Count));
    }

    /// <summary>Another process groups destinations otherwise: two flows with one port may meet in a group.</summary>
    [Fact]
    public void F13_APortThatAnotherFlowOfTheGroupHasStaysTheFlowsOwn()
    {
        var original = new FlowTuple<TAddress>(PodA, World, Be16.FromHost(40_000), Be16.FromHost(443), IpProtocol.Tcp);
        var flow = Flows.Entry(original, new FlowTuple<TAddress>(World, NodeAddress, Be16.FromHost(443), Be16.FromHost(50_000), IpProtocol.Tcp), FlowState.Established);
        flow.Flags = FlowFlags.Masqueraded | FlowFlags.PooledPort;
        Put(_before, flow);
        Assert.True(_after.NatPorts.TryClaim(flow.Reply)); // in place of the other flow

        Assert.Equal((1, 1), Carry());
        var found = Assert.Single(_after.Reader.Snapshot());
        Assert.Equal((flow.Reply, FlowFlags.Masqueraded), (found.Reply, found.Flags));

        // Its end does not give back what is the other's.
        _after.Reader.FlushAll();
        Turn(_after, Now);
        Assert.Equal(1, _after.NatPorts.Used);
    }

    [Fact]
    public void F12_WhatThereIsNoRoomForIsLeftOut()
    {
        for (int i = 0; i < 1000; i++) Put(_before, Flows.Entry(Flows.Tuple<TAddress>(i), Flows.Tuple<TAddress>(i).Mirror(), FlowState.Established));
        var small = Table(seed: 2, workers: 1, capacity: 100);
        var (written, restored) = Carry(small);
        Assert.Equal(1000, written);
        Assert.InRange(restored, 90, 100); // a bucket of the index may be full before the table is
        Assert.Equal(restored, small.Reader.Count);
        Turn(small, Now);
        Assert.Equal(100, small.Accounted());
    }

    /// <summary>What is evicted for a new flow is not for one of an earlier process: both are such.</summary>
    [Fact]
    public void F12_NothingThatWasRestoredIsEvictedForMore()
    {
        for (int i = 0; i < 1000; i++) Put(_before, Flows.Entry(Flows.Tuple<TAddress>(i), Flows.Tuple<TAddress>(i).Mirror(), FlowState.TimeWait), at: Then);
        var small = Table(seed: 2, workers: 1, capacity: 100);
        var (_, restored) = Carry(small);
        Assert.Equal(restored, small.Reader.Snapshot().Count());
        Assert.Equal(0ul, small.Writer(0).Counters.Evicted);
    }

    [Fact]
    public void F16_AnotherLayoutIsRefused()
    {
        byte[] archive = Write(_before);
        archive[0]++;
        Assert.Throws<InvalidDataException>(() => Read(archive, _after));
        archive[0]--;
        archive[4]++;
        Assert.Throws<InvalidDataException>(() => Read(archive, _after));
    }

    /// <summary>Whatever is in the file: flows that are flows, or an error, and no entry lost.</summary>
    [Fact]
    public void F16_DamageIsLeftOutOrRefused()
    {
        for (int i = 0; i < 20; i++) Put(_before, Flows.Entry(Flows.Tuple<TAddress>(i), Flows.Tuple<TAddress>(i).Mirror(), FlowState.Established));
        byte[] archive = Write(_before);
        Assert.Throws<EndOfStreamException>(() => Read(archive[..^1], Table(seed: 2, workers: 1)));
        var random = new Random(1);
        for (int round = 0; round < 500; round++)
        {
            byte[] damaged = [.. archive];
            for (int i = 0; i < 40; i++) damaged[random.Next(12, damaged.Length)] = (byte)random.Next(256);
            var table = Table(seed: 2, workers: 1, capacity: 50);
            Assert.Equal(20, Read(damaged, table).Written);
            Assert.All(table.Reader.Snapshot(), flow => Assert.InRange(flow.State, FlowState.New, FlowState.Orphaned));
            for (uint now = Now; now < 5; now++) Turn(table, now);
            Assert.Equal(50, table.Accounted());
        }
    }

    private static ConntrackTable<TAddress> Table(ulong seed, int workers, NatPortPool? ports = null, int capacity = Capacity) =>
        new(AlignedMemory.Allocate(ConntrackTable<TAddress>.RequiredBytes(capacity, workers)), capacity, workers, seed, new(), ports);

    private static void Put(ConntrackTable<TAddress> table, in ConntrackEntry<TAddress> flow, uint at = Then, int worker = 0)
    {
        table.Writer(worker).Quiescent();
        table.Writer(worker).TryInsert(flow, flow.Original.Hash(table.Seed), flow.Reply.Hash(table.Seed), at, out _, out var result);
        Assert.Equal(InsertResult.Inserted, result);
    }

    private static void Turn(ConntrackTable<TAddress> table, uint now)
    {
        for (int round = 0; round < 3; round++) // an entry is free again when every worker has passed
        {
            for (int i = 0; i < table.Workers; i++) table.Writer(i).Loop(now, budget: 5000);
        }
    }

    private (int Written, int Restored) Carry(uint away = 0) => Carry(_after, away);

    private (int Written, int Restored) Carry(ConntrackTable<TAddress> to, uint away = 0) => Read(Write(_before), to, away);

    private static byte[] Write(ConntrackTable<TAddress> table)
    {
        using var stream = new MemoryStream();
        using var to = new BinaryWriter(stream);
        FlowArchive.Write(to, table, Then);
        return stream.ToArray();
    }

    private static (int Written, int Restored) Read(byte[] archive, ConntrackTable<TAddress> table, uint away = 0)
    {
        using var from = new BinaryReader(new MemoryStream(archive));
        return FlowArchive.Read(from, table, Now, away);
    }
}
