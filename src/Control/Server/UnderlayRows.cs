using Dataplane.Contracts.V1;
using Dataplane.Control.Apply;
using Dataplane.Packets;

namespace Dataplane.Control.Server;

/// <summary>Ways out of the cluster as rows of the route dump. Pure.</summary>
/// <param name="uplink">Name and port number of an uplink by its interface index.</param>
/// <param name="host">Those of the port into the node's own stack.</param>
/// <param name="isOutside">
/// Whether an address is looked up among the ways at all. A route of the node to pods or services is not a way: the cluster's own come first.
/// </param>
internal sealed class UnderlayRows<TAddress>(Func<int, (string Name, uint Port)> uplink, (string Name, uint Port) host, Func<TAddress, bool> isOutside)
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private static readonly string Everything = $"{default(TAddress)}/0";

    /// <summary>A row per way, in their order, and at last one for all that none of them leads to.</summary>
    public IEnumerable<RouteEntry> Of(IEnumerable<UnderlayWay<TAddress>> ways)
    {
        RouteEntry? last = null;
        foreach (var way in ways.Where(w => isOutside(w.Prefix)))
        {
            var row = Row(way);
            if (row.Destination == Everything) last = row;
            else yield return row;
        }
        yield return last ?? ByHost(Everything);
    }

    private RouteEntry Row(in UnderlayWay<TAddress> way)
    {
        string destination = $"{way.Prefix}/{way.Length}";
        if (way.Interface == 0) return ByHost(destination);
        var (name, port) = uplink(way.Interface);
        return new RouteEntry { Destination = destination, Kind = "neighbor", Via = name, Port = port, NextHopMac = way.Mac.ToString(), Mtu = (uint)way.Mtu };
    }

    private RouteEntry ByHost(string destination) => new() { Destination = destination, Kind = "host", Via = host.Name, Port = host.Port };
}
