using System.Collections.Concurrent;
using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing;
using Xunit;

namespace Dataplane.Tests.Conntrack;

/// <summary>NodeAddress ports for masquerading: never the same twice towards one destination, all of them before none (F13).</summary>
public abstract class NatPortPoolTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private static readonly TAddress Remote = World;
    private readonly NatPortPool _pool = new(49152, 65535);
    private readonly Random _random = new(1);

    [Fact]
    public void F13_GivesEveryPortOnceAndThenNone()
    {
        var ports = new HashSet<ushort>();
        while (_pool.TryTake(To(Remote, 443), (ulong)_random.NextInt64(), out var port)) Assert.True(ports.Add(port.Value), $"{port} twice");

        Assert.Equal(16384, ports.Count);
        Assert.Equal((49152, 65535), (ports.Min(), ports.Max()));
        Assert.Equal(16384, _pool.MostUsed);
    }

    [Fact]
    public void AReturnedPortIsGivenAgain()
    {
        while (_pool.TryTake(To(Remote, 443), (ulong)_random.NextInt64(), out _)) { }
        _pool.Return(From(Remote, 443, 50_000));
        Assert.True(_pool.TryTake(To(Remote, 443), 0, out var port));
        Assert.Equal(50_000, port.Value);
        Assert.False(_pool.TryTake(To(Remote, 443), 0, out _));
    }

    [Fact]
    public void OtherDestinationsHavePortsOfTheirOwn()
    {
        while (_pool.TryTake(To(Remote, 443), (ulong)_random.NextInt64(), out _)) { }
        // Of 1,024 groups the others are elsewhere, but for one in a thousand.
        int served = Enumerable.Range(0, 1000).Count(i => _pool.TryTake(To(Remote, (ushort)(1000 + i)), (ulong)_random.NextInt64(), out _));
        Assert.InRange(served, 980, 1000);
    }

    [Fact]
    public void PortsAreDrawnAtRandom()
    {
        var first = new HashSet<ushort>();
        for (int i = 0; i < 100; i++)
        {
            Assert.True(_pool.TryTake(To(Remote, 443), (ulong)_random.NextInt64() * 2 + (ulong)_random.Next(2), out var port));
            first.Add(port.Value);
        }
        Assert.Equal(100, first.Count);
        Assert.InRange(first.Max() - first.Min(), 12_000, 16_383);
        Assert.InRange(first.Count(p => p % 2 == 0), 25, 75);
    }

    /// <summary>The identifier of an echo is what the pool gives; it does not tell destinations apart.</summary>
    [Fact]
    public void EchoesAreReturnedToWhereTheyWereTaken()
    {
        var request = new FlowTuple<TAddress>(NodeAddress, Remote, Be16.FromHost(7), Be16.FromHost(7), Icmp);
        Assert.True(_pool.TryTake(request, 0, out var id));
        Assert.Equal(1, _pool.Used);
        _pool.Return(new FlowTuple<TAddress>(Remote, NodeAddress, id, id, Icmp));
        Assert.Equal(0, _pool.Used);
    }

    [Fact]
    public void TakingAndReturningAllocatesNothingEvenWhenNearlyFull()
    {
        while (_pool.TryTake(To(Remote, 443), (ulong)_random.NextInt64(), out _)) { }
        long bytes = Allocations.Least(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                _pool.Return(From(Remote, 443, 60_000));
                _pool.TryTake(To(Remote, 443), (ulong)i << 33, out _);
            }
        });
        Assert.Equal(0, bytes);
    }

    [Fact]
    public void F13_SeveralWorkersNeverHoldOnePortTwice()
    {
        var pool = new NatPortPool(50_000, 50_000 + 255);
        var held = new ConcurrentDictionary<ushort, int>();
        Parallel.For(0, 4, worker =>
        {
            var random = new Random(worker);
            var mine = new Queue<ushort>();
            for (int i = 0; i < 200_000; i++)
            {
                if (mine.Count < 100 && pool.TryTake(To(Remote, 443), (ulong)random.NextInt64(), out var port))
                {
                    Assert.True(held.TryAdd(port.Value, worker), $"{port} is {worker}'s and another's");
                    mine.Enqueue(port.Value);
                }
                else if (mine.TryDequeue(out ushort back))
                {
                    Assert.True(held.TryRemove(back, out _));
                    pool.Return(From(Remote, 443, back));
                }
            }
            foreach (ushort back in mine)
            {
                Assert.True(held.TryRemove(back, out _));
                pool.Return(From(Remote, 443, back));
            }
        });
        Assert.Equal((0, 0), (pool.Used, pool.MostUsed));
    }

    [Theory]
    [InlineData(50_000, 49_999)]
    [InlineData(50_000, 50_062)]
    public void RefusesRangesThatAreNoMultipleOfAWord(int first, int last) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new NatPortPool((ushort)first, (ushort)last));

    private static FlowTuple<TAddress> To(TAddress address, ushort port) => new(NodeAddress, address, Be16.FromHost(1234), Be16.FromHost(port), IpProtocol.Tcp);

    private static FlowTuple<TAddress> From(TAddress address, ushort port, ushort natPort) => new(address, NodeAddress, Be16.FromHost(port), Be16.FromHost(natPort), IpProtocol.Tcp);
}
