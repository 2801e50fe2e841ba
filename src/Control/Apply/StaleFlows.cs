using Dataplane.Conntrack;
using Dataplane.Contracts.V1;
using Dataplane.Control.Compile;
using Dataplane.Headers;
using Dataplane.Packets;

namespace Dataplane.Control.Apply;

/// <summary>UDP flows to services of a set that lead to an endpoint which is not serving any more: by address and port (K24).</summary>
internal sealed class StaleFlows
{
    private readonly Dictionary<(IPv4Address, ushort), HashSet<(IPv4Address, ushort)>> _serving = [];

    public StaleFlows(IEnumerable<Service> services)
    {
        foreach (var service in services)
        {
            var endpoints = new HashSet<(IPv4Address, ushort)>();
            foreach (var backend in service.Backends)
            {
                if (IPv4Address.TryParse(backend.Address, out var address)) endpoints.Add((address, (ushort)backend.Port));
            }
            foreach (var frontend in service.Frontends)
            {
                IPv4Address address = default; // of every address of the node
                if (frontend.Address.Length == 0 || IPv4Address.TryParse(frontend.Address, out address)) _serving[(address, (ushort)frontend.Port)] = endpoints;
            }
        }
    }

    /// <summary>True when there is nothing that could be stale.</summary>
    public bool IsEmpty => _serving.Count == 0;

    /// <summary>True when a flow is to be forgotten.</summary>
    public bool Contains(in ConntrackEntry<IPv4Address> flow)
    {
        if (flow.Original.Protocol != IpProtocol.Udp || (flow.Flags & FlowFlags.Service) == 0) return false;
        ushort port = flow.Original.DestinationPort.Value;
        if (!_serving.TryGetValue((flow.Original.Destination, port), out var serving) && !_serving.TryGetValue((default, port), out serving)) return false;
        return !serving.Contains((flow.Reply.Source, flow.Reply.SourcePort.Value));
    }
}
