using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Dataplane.Workers;
using Xunit;

namespace Dataplane.Tests.Workers;

/// <summary>Probes of orphaned connections, of either family, while control has published tables of one or of both.</summary>
public sealed class EngineProbeTests
{
    [Theory]
    [InlineData(false, false)] // the cluster has no IPv6
    [InlineData(true, false)] // it has, but no tables were published yet
    [InlineData(true, true)]
    public void AProbeOfIPv6IsNoHarmWhereThereIsNone(bool table, bool published)
    {
        const int Flows = 64;
        var tables = published ? SampleNode.BuildBoth(new SampleNode(), new SampleNodeOf<IPv6Address>()) : new SampleNode().Build();
        using var engine = new DataplaneEngine(
            new EngineOptions { Frames = 256, AffinityEntries = 8 }, Conntrack<IPv4Address>(), table ? Conntrack<IPv6Address>() : null, tables);
        engine.Probe([Probe(SampleNodeOf<IPv6Address>.World, SampleNodeOf<IPv6Address>.PodA)]);
        engine.Probe([Probe(SampleNode.World, SampleNode.PodA)]);
        using var done = new ManualResetEventSlim();
        engine.Workers[0].Post(_ => done.Set()); // commands run in order

        Assert.True(done.Wait(10_000), engine.Workers[0].Failure?.ToString() ?? "the worker hangs");
        Assert.True(engine.Workers[0].IsAlive);
        Assert.True(engine.AccountFrames().Closes);

        static ConntrackTable<TAddress> Conntrack<TAddress>()
            where TAddress : unmanaged, IIpAddress<TAddress> =>
            new(new byte[ConntrackTable<TAddress>.RequiredBytes(Flows, 1)], Flows, 1, 1, new ConntrackTimeouts());

        static FlowProbe<TAddress> Probe<TAddress>(TAddress from, TAddress to)
            where TAddress : unmanaged, IIpAddress<TAddress> =>
            new(new FlowTuple<TAddress>(from, to, Be16.FromHost(443), Be16.FromHost(40_000), IpProtocol.Tcp), false);
    }
}
