using Dataplane.Conntrack;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Testing;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Conntrack;

/// <summary>K19: clients keep their endpoints until they have not come for the timeout.</summary>
public sealed class AffinityTableTests
{
    private static readonly IPv4Address Client = new(10, 244, 1, 10), Other = new(10, 244, 1, 11);
    private static readonly Backend<IPv4Address> First = SampleNode.At(new(10, 244, 2, 1), 8080), Second = SampleNode.At(new(10, 244, 2, 2), 8080);
    private readonly AffinityTable<IPv4Address> _table = new(64);

    [Fact]
    public void K19_RemembersPerClientAndService()
    {
        _table.Remember(Client, 1, First, 100);
        _table.Remember(Client, 2, Second, 100);
        Assert.Equal(First, Find(Client, 1, 100));
        Assert.Equal(Second, Find(Client, 2, 100));
        Assert.Null(Find(Other, 1, 100));
        Assert.Null(Find(Client, 3, 100));
    }

    [Fact]
    public void K19_ForgetsAfterTheTimeoutUnlessRefreshed()
    {
        _table.Remember(Client, 1, First, 100);
        Assert.Equal(First, Find(Client, 1, 109));
        Assert.Null(Find(Client, 1, 110));
        _table.Remember(Client, 1, First, 109);
        Assert.Equal(First, Find(Client, 1, 118));
    }

    [Fact]
    public void OutlivesAWrappedClockAndOneThatIsASecondBehind()
    {
        _table.Remember(Client, 1, First, uint.MaxValue - 2);
        Assert.Equal(First, Find(Client, 1, 5));
        _table.Remember(Client, 1, First, 20);
        Assert.Equal(First, Find(Client, 1, 19));
    }

    [Fact]
    public void WhenFullTheClientUnseenForLongestGoes()
    {
        for (uint i = 0; i < 1000; i++) _table.Remember(IPv4Address.FromHost(i + 1), 1, First, i);
        Assert.Equal(_table.Capacity, _table.CountUsed());
        // Of each set of eight the last eight are there: nearly all of the last forty, none of the first hundreds.
        Assert.InRange(Enumerable.Range(960, 40).Count(i => Find(IPv4Address.FromHost((uint)i + 1), 1, 1000, 2000) is not null), 30, 40);
        Assert.Equal(0, Enumerable.Range(0, 500).Count(i => Find(IPv4Address.FromHost((uint)i + 1), 1, 1000, 2000) is not null));
    }

    [Fact]
    public void OnlyClientsWithinTheTimeoutCountAsSeen()
    {
        for (uint i = 0; i < 20; i++) _table.Remember(IPv4Address.FromHost(i + 1), 1, First, 100 + i);
        int there = _table.CountUsed();
        Assert.Equal(there, _table.EstimateSeen(20, 119));
        Assert.Equal(there, _table.EstimateSeen(uint.MaxValue, 5000));
        Assert.InRange(_table.EstimateSeen(10, 119), 1, 10); // the last ten
        Assert.Equal(0, _table.EstimateSeen(10, 129));
        Assert.Equal(0, _table.EstimateSeen(0, 119));
    }

    [Fact]
    public void APartOfALargeTableStandsForTheRest()
    {
        var large = new AffinityTable<IPv4Address>(1 << 20);
        for (uint i = 0; i < 300_000; i++) large.Remember(IPv4Address.FromHost(i + 1), 1, First, 100);
        Assert.InRange(large.EstimateSeen(10, 100), 285_000, 315_000);
    }

    [Fact]
    public void WhoIsNotRememberedIsDrawnAlikeUntilTheTimeoutHasPassed()
    {
        ulong draw = _table.Draw(Client, 1, 10, 100);
        Assert.Equal(draw, _table.Draw(Client, 1, 10, 109));
        Assert.NotEqual(draw, _table.Draw(Client, 1, 10, 110));
        Assert.NotEqual(draw, _table.Draw(Other, 1, 10, 100));
        Assert.NotEqual(draw, _table.Draw(Client, 2, 10, 100));
    }

    [Fact]
    public void ReadersNeverSeeHalfOfAWrite()
    {
        bool stop = false;
        // What is written has an address and a port that belong together.
        var writers = Enumerable.Range(0, 2).Select(w => new Thread(() =>
        {
            for (uint i = 0; !Volatile.Read(ref stop); i++) _table.Remember(Client, 1, SampleNode.At(IPv4Address.FromHost(i & 0xffff), (ushort)i), i);
        })).ToList();
        writers.ForEach(w => w.Start());
        for (int i = 0; i < 2_000_000; i++)
        {
            if (_table.TryFind(Client, 1, uint.MaxValue, 0, out var backend)) Assert.Equal(backend.Address.Value, backend.Port.Value);
        }
        Volatile.Write(ref stop, true);
        writers.ForEach(w => w.Join());
    }

    [Fact]
    public void AllocatesNothing() => Assert.Equal(0, Allocations.Least(() =>
    {
        for (uint i = 0; i < 1000; i++)
        {
            _table.Remember(Client, i, First, i);
            _table.TryFind(Client, i, 10, i, out _);
        }
    }));

    private Backend<IPv4Address>? Find(IPv4Address client, uint service, uint now, uint seconds = 10) =>
        _table.TryFind(client, service, seconds, now, out var backend) ? backend : null;
}
