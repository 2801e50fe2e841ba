using System.Net;
using Dataplane.Control.Compile;
using Dataplane.Packets;

namespace Dataplane.Control.Apply;

/// <summary>Addresses of this node that have flows of an earlier process, and no pod: it went while there was none. Pure.</summary>
internal static class VacantAddresses
{
    /// <summary>Finds them, as <see cref="IIpAddress{TSelf}.Widen"/> has addresses of either family.</summary>
    /// <param name="candidates">Addresses with flows that lie where this node's pods have theirs.</param>
    /// <param name="isAttached">Whether a pod has an address.</param>
    /// <param name="cutOff">Addresses of pods that are yet to be attached.</param>
    /// <param name="own">Addresses of this node's interfaces.</param>
    /// <param name="state">By it other nodes may have a part of where this node's pods have their addresses.</param>
    /// <param name="nodeName">This node.</param>
    public static List<IPv6Address> Find(
        IReadOnlyCollection<IPv6Address> candidates, Func<IPv6Address, bool> isAttached, IEnumerable<IPv6Address> cutOff, IReadOnlyList<IPAddress> own, DesiredState state, string nodeName)
    {
        if (candidates.Count == 0) return [];
        HashSet<IPv6Address> spared = [.. cutOff];
        List<IPNetwork> others = [.. state.Nodes.Values.Where(node => node.Name != nodeName).SelectMany(node => node.PodCidrs).Select(cidr => FieldParser.Network("pod_cidrs", cidr))];
        return [.. candidates.Where(address => !isAttached(address) && !spared.Contains(address) && !IsElsewhere(address))];

        bool IsElsewhere(IPv6Address address)
        {
            var ip = FieldParser.Narrow(address);
            return own.Contains(ip) || others.Any(network => network.Contains(ip));
        }
    }
}
