using System.Net;
using Xdp.Interop;
using Xdp.Interop.Links;

namespace Dataplane.Control.Apply;

/// <summary>Whether the uplink is the device that it should be (S17).</summary>
internal static class UplinkChoice
{
    /// <summary>
    /// What is wrong with the choice, for people, or null. A node's address may well be on a loopback or dummy device, where a routing daemon announces it, or
    /// on a bridge or bond whose port the uplink is; another network card is a mistake, or looks like one.
    /// </summary>
    /// <param name="netlink">In the node's namespace.</param>
    /// <param name="uplink">The device that was chosen.</param>
    /// <param name="node">The node's address.</param>
    public static string? FindProblem(NetlinkSocket netlink, string uplink, IPAddress node)
    {
        var holders = netlink.Addresses.List().Where(address => address.Address.Equals(node)).Select(address => netlink.Links.Find(address.Interface)).OfType<LinkInfo>().ToList();
        if (holders.Count == 0) return $"node-ip {node} is no address of this node: nothing from other nodes arrives; give it to an interface, or correct node-ip";
        if (netlink.Links.Find(uplink) is not { } chosen || holders.Exists(h => h.Index == chosen.Index || (h.Flags & LinkFlags.Loopback) != 0 || h.Kind is not (null or "veth"))) return null;
        return $"node-ip {node} is an address of {holders[0].Name}, and the uplink is {uplink}: what comes by {holders[0].Name} is left to the node's own stack; write --uplink {holders[0].Name}, or the address of {uplink} as node-ip";
    }

    /// <summary>The same in the calling thread's namespace; nothing where the kernel does not tell.</summary>
    public static string? FindProblem(string uplink, IPAddress node)
    {
        try
        {
            using var netlink = NetlinkSocket.Open();
            return FindProblem(netlink, uplink, node);
        }
        catch (XdpException)
        {
            return null;
        }
    }
}
