using Dataplane.Conntrack;
using Dataplane.Packets;
using Xunit;

namespace Dataplane.Tests.Conntrack;

public class FragmentTableTests
{
    private static readonly IPv4Address A = new(10, 0, 0, 1);
    private static readonly IPv4Address B = new(10, 0, 0, 2);
    private static readonly Be16 Port = Be16.FromHost(53);
    private readonly FragmentTable<IPv4Address> _table = new();

    [Fact]
    public void LaterFragmentGetsThePortsOfTheFirst()
    {
        _table.Remember(A, B, 7, Flows.Udp, Be16.FromHost(1234), Port, 100);
        Assert.True(_table.TryFind(A, B, 7, Flows.Udp, 129, out Be16 source, out Be16 destination));
        Assert.Equal(1234, source.Value);
        Assert.Equal(53, destination.Value);
    }

    [Fact]
    public void EveryPartOfTheKeyCounts()
    {
        _table.Remember(A, B, 7, Flows.Udp, Port, Port, 100);
        Assert.False(_table.TryFind(B, A, 7, Flows.Udp, 100, out _, out _));
        Assert.False(_table.TryFind(A, A, 7, Flows.Udp, 100, out _, out _));
        Assert.False(_table.TryFind(A, B, 8, Flows.Udp, 100, out _, out _));
        Assert.False(_table.TryFind(A, B, 7, Flows.Tcp, 100, out _, out _));
    }

    [Fact]
    public void IsForgottenAfterThirtySecondsAlsoWhenTheClockWraps()
    {
        _table.Remember(A, B, 7, Flows.Udp, Port, Port, uint.MaxValue - 9);
        Assert.True(_table.TryFind(A, B, 7, Flows.Udp, 19, out _, out _));
        Assert.False(_table.TryFind(A, B, 7, Flows.Udp, 20, out _, out _));
    }

    [Fact]
    public void SamePacketIdAgainReplacesThePorts()
    {
        _table.Remember(A, B, 7, Flows.Udp, Port, Port, 100);
        _table.Remember(A, B, 7, Flows.Udp, Be16.FromHost(9), Port, 101);
        Assert.True(_table.TryFind(A, B, 7, Flows.Udp, 101, out Be16 source, out _));
        Assert.Equal(9, source.Value);
    }

    [Fact]
    public void OldestOfItsSetGivesWay()
    {
        var table = new FragmentTable<IPv4Address>(8); // one set
        Assert.Equal(8, table.Capacity);
        for (uint id = 0; id < 8; id++) table.Remember(A, B, id, Flows.Udp, Port, Port, 100 + (id + 4) % 8); // id 4 is the oldest
        table.Remember(A, B, 99, Flows.Udp, Port, Port, 110);
        for (uint id = 0; id < 8; id++) Assert.Equal(id != 4, table.TryFind(A, B, id, Flows.Udp, 110, out _, out _));
        Assert.True(table.TryFind(A, B, 99, Flows.Udp, 110, out _, out _));
    }

    [Fact]
    public void MostPacketsOfAFullTableAreFound()
    {
        for (uint id = 0; id < 512; id++) _table.Remember(A, B, id, Flows.Udp, Port, Port, 1);
        int found = 0;
        for (uint id = 0; id < 512; id++) found += _table.TryFind(A, B, id, Flows.Udp, 1, out _, out _) ? 1 : 0;
        Assert.InRange(found, 480, 512);
    }

    [Fact]
    public void AllocatesNothing()
    {
        Assert.Equal(0, Testing.Allocations.Least(() =>
        {
            for (uint id = 0; id < 10000; id++)
            {
                _table.Remember(A, B, id, Flows.Udp, Port, Port, id);
                _table.TryFind(A, B, id, Flows.Udp, id, out _, out _);
            }
        }));
    }
}
