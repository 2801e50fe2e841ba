using Dataplane.Conntrack;
using Dataplane.Packets;
using Xunit;

namespace Dataplane.Tests.Conntrack;

/// <summary>Later fragments find the ports of their first one.</summary>
public abstract class FragmentTableTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private static readonly TAddress A = Address("10.0.0.1", "fd00::1");
    private static readonly TAddress B = Address("10.0.0.2", "fd00::2");
    private static readonly Be16 Port = Be16.FromHost(53);
    private readonly FragmentTable<TAddress> _table = new();

    [Fact]
    public void LaterFragmentGetsThePortsOfTheFirst()
    {
        _table.Remember(A, B, 7, Flows.Udp, Be16.FromHost(1234), Port, 100);
        Assert.True(TryFind(_table, A, B, 7, Flows.Udp, 129, out Be16 source, out Be16 destination));
        Assert.Equal(1234, source.Value);
        Assert.Equal(53, destination.Value);
    }

    [Fact]
    public void EveryPartOfTheKeyCounts()
    {
        _table.Remember(A, B, 7, Flows.Udp, Port, Port, 100);
        Assert.False(TryFind(_table, B, A, 7, Flows.Udp, 100, out _, out _));
        Assert.False(TryFind(_table, A, A, 7, Flows.Udp, 100, out _, out _));
        Assert.False(TryFind(_table, A, B, 8, Flows.Udp, 100, out _, out _));
    }

    /// <summary>RFC 791: fragments of another protocol are of another packet. RFC 8200, section 4.5: only the first fragment's word counts.</summary>
    [Fact]
    public void InIPv4TheProtocolCountsAndInIPv6ItIsTheFirstFragments()
    {
        _table.Remember(A, B, 7, Flows.Udp, Port, Port, 100);
        byte protocol = Flows.Tcp;
        Assert.Equal(IsV6, _table.TryFind(A, B, 7, ref protocol, 100, out _, out _));
        Assert.Equal(Either(Flows.Tcp, Flows.Udp), protocol);
        _table.Remember(A, B, 7, Flows.Tcp, Port, Port, 100); // the same packet in IPv6
        protocol = Flows.Udp;
        Assert.True(_table.TryFind(A, B, 7, ref protocol, 100, out _, out _));
        Assert.Equal(Either(Flows.Udp, Flows.Tcp), protocol);
    }

    [Fact]
    public void IsForgottenAfterThirtySecondsAlsoWhenTheClockWraps()
    {
        _table.Remember(A, B, 7, Flows.Udp, Port, Port, uint.MaxValue - 9);
        Assert.True(TryFind(_table, A, B, 7, Flows.Udp, 19, out _, out _));
        Assert.False(TryFind(_table, A, B, 7, Flows.Udp, 20, out _, out _));
    }

    [Fact]
    public void SamePacketIdAgainReplacesThePorts()
    {
        _table.Remember(A, B, 7, Flows.Udp, Port, Port, 100);
        _table.Remember(A, B, 7, Flows.Udp, Be16.FromHost(9), Port, 101);
        Assert.True(TryFind(_table, A, B, 7, Flows.Udp, 101, out Be16 source, out _));
        Assert.Equal(9, source.Value);
    }

    [Fact]
    public void OldestOfItsSetGivesWay()
    {
        var table = new FragmentTable<TAddress>(8); // one set
        Assert.Equal(8, table.Capacity);
        for (uint id = 0; id < 8; id++) table.Remember(A, B, id, Flows.Udp, Port, Port, 100 + (id + 4) % 8); // id 4 is the oldest
        table.Remember(A, B, 99, Flows.Udp, Port, Port, 110);
        for (uint id = 0; id < 8; id++) Assert.Equal(id != 4, TryFind(table, A, B, id, Flows.Udp, 110, out _, out _));
        Assert.True(TryFind(table, A, B, 99, Flows.Udp, 110, out _, out _));
    }

    [Fact]
    public void MostPacketsOfAFullTableAreFound()
    {
        for (uint id = 0; id < 512; id++) _table.Remember(A, B, id, Flows.Udp, Port, Port, 1);
        int found = 0;
        for (uint id = 0; id < 512; id++) found += TryFind(_table, A, B, id, Flows.Udp, 1, out _, out _) ? 1 : 0;
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
                TryFind(_table, A, B, id, Flows.Udp, id, out _, out _);
            }
        }));
    }

    private static bool TryFind(FragmentTable<TAddress> table, TAddress source, TAddress destination, uint id, byte protocol, uint now, out Be16 sourcePort, out Be16 destinationPort) =>
        table.TryFind(source, destination, id, ref protocol, now, out sourcePort, out destinationPort);
}
