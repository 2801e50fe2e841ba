using System.Net;
using System.Net.NetworkInformation;
using Dataplane.Testing;
using Xdp.Interop.Links;
using Xunit;

namespace Xdp.Interop.Tests.Links;

public sealed class NetlinkMonitorTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Sandbox? _sandbox = Privileges.MissingForNetworkNamespaces is null ? new Sandbox() : null;

    private Sandbox Box => _sandbox!;

    public void Dispose() => _sandbox?.Dispose();

    [RequiresRootFact]
    public void EveryKindOfChangeIsAnnounced()
    {
        using var netlink = NetlinkSocket.Open(Box.Left);
        using var monitor = NetlinkMonitor.Open(MonitorGroups.All, Box.Left);

        var link = netlink.Links.CreateVeth(new VethSpec { Name = "a", PeerName = "b" });
        Assert.Equal(link.Index, Await<LinkChanged>(monitor, e => e.Link.Name == "a" && !e.IsDeleted).Link.Index);
        netlink.Links.SetUp(link.Index);
        netlink.Links.SetUp(netlink.Links.Get("b").Index);
        Await<LinkChanged>(monitor, e => e.Link.Name == "a" && e.Link.IsRunning);

        netlink.Addresses.Add(link.Index, IPAddress.Parse("10.9.0.2"), 24);
        Await<AddressChanged>(monitor, e => e.Address.Address.Equals(IPAddress.Parse("10.9.0.2")) && e.Address.PrefixLength == 24);

        var route = new Route { Destination = IPNetwork.Parse("10.96.0.0/12"), Gateway = IPAddress.Parse("10.9.0.1"), Interface = link.Index, Mtu = 1450 };
        netlink.Routes.Add(route);
        Assert.Equal(route, Await<RouteChanged>(monitor, e => e.Route.Destination.Equals(route.Destination)).Route);
        netlink.Routes.Delete(route);
        Await<RouteChanged>(monitor, e => e.IsDeleted && e.Route.Destination.Equals(route.Destination));

        var mac = PhysicalAddress.Parse("02-00-00-00-00-09");
        netlink.Neighbors.Replace(link.Index, IPAddress.Parse("10.9.0.1"), mac);
        Assert.Equal(mac, Await<NeighborChanged>(monitor, e => e.Neighbor.Address.Equals(IPAddress.Parse("10.9.0.1"))).Neighbor.MacAddress);

        netlink.Links.Delete(link.Index);
        Await<LinkChanged>(monitor, e => e.Link.Name == "a" && e.IsDeleted);
    }

    [RequiresRootFact]
    public void OnlyTheGroupsAskedForAreHeard()
    {
        using var netlink = NetlinkSocket.Open(Box.Left);
        using var monitor = NetlinkMonitor.Open(MonitorGroups.Addresses, Box.Left);
        var link = netlink.Links.CreateVeth(new VethSpec { Name = "a", PeerName = "b" });
        netlink.Addresses.Add(link.Index, IPAddress.Parse("10.9.0.2"), 24);
        Assert.IsType<AddressChanged>(monitor.Read(Patience));
        Assert.Null(monitor.Read(TimeSpan.FromMilliseconds(20)));
    }

    [RequiresRootFact]
    public void EventsOfAnotherNamespaceStayThere()
    {
        using var monitor = NetlinkMonitor.Open(MonitorGroups.All, Box.Right);
        using var netlink = NetlinkSocket.Open(Box.Left);
        netlink.Links.CreateVeth(new VethSpec { Name = "a", PeerName = "b" });
        Assert.Null(monitor.Read(TimeSpan.FromMilliseconds(50)));
    }

    [RequiresRootFact]
    public void LostEventsAskForAResync()
    {
        using var netlink = NetlinkSocket.Open(Box.Left);
        var link = netlink.Links.CreateVeth(new VethSpec { Name = "a", PeerName = "b" });
        netlink.Links.SetUp(link.Index); // the kernel announces a new alias only of a link that is up
        using var monitor = NetlinkMonitor.Open(MonitorGroups.Links, Box.Left);
        // Nobody reads: about a kilobyte of socket memory per event overflows the buffer of 1 MB (2 MB as the kernel counts).
        for (var i = 0; i < 3000; i++) netlink.Links.SetAlias(link.Index, $"alias {i}");

        var events = new List<NetlinkEvent>();
        while (monitor.Read(TimeSpan.FromMilliseconds(20)) is { } next) events.Add(next);
        Assert.Contains(events, e => e is ResyncNeeded);
        Assert.InRange(events.Count(e => e is LinkChanged), 100, 2999);

        netlink.Links.SetAlias(link.Index, "again");
        Await<LinkChanged>(monitor, e => e.Link.Alias == "again");
    }

    [RequiresRootFact]
    public async Task CancellationWakesAReaderThatWaitsForEver()
    {
        using var monitor = NetlinkMonitor.Open(MonitorGroups.All, Box.Left);
        using var source = new CancellationTokenSource();
        var reader = Task.Factory.StartNew(() => monitor.Read(Timeout.InfiniteTimeSpan, source.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await Task.Delay(50);
        Assert.False(reader.IsCompleted);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reader.WaitAsync(Patience));
    }

    [RequiresRootFact]
    public async Task InterruptEndsAWaitEarly()
    {
        using var monitor = NetlinkMonitor.Open(MonitorGroups.All, Box.Left);
        monitor.Interrupt();
        Assert.Null(monitor.Read(Timeout.InfiniteTimeSpan));
        var reader = Task.Factory.StartNew(() => monitor.Read(Timeout.InfiniteTimeSpan), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await Task.Delay(20);
        monitor.Interrupt();
        Assert.Null(await reader.WaitAsync(Patience));
    }

    private static T Await<T>(NetlinkMonitor monitor, Func<T, bool> wanted) where T : NetlinkEvent
    {
        while (monitor.Read(Patience) is { } next)
            if (next is T match && wanted(match)) return match;
        throw new TimeoutException($"no {typeof(T).Name} as wanted within {Patience.TotalSeconds} s");
    }
}
