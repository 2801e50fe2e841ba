using Dataplane.Conntrack;
using Dataplane.Contracts.V1;
using Dataplane.Control.Compile;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;
using Service = Dataplane.Contracts.V1.Service;

namespace Dataplane.Control.Apply;

/// <summary>UDP flows to services of a set that lead to an endpoint which is not serving any more: by address and port (K24).</summary>
internal sealed class StaleFlows
{
    private readonly Dictionary<(IPv6Address, ushort), HashSet<(IPv6Address, ushort)>> _serving = [];

    public StaleFlows(IEnumerable<Service> services)
    {
        foreach (var service in services)
        {
            var endpoints = new HashSet<(IPv6Address, ushort)>();
            foreach (var backend in service.Backends)
            {
                if (FieldParser.TryWide(backend.Address, out var address)) endpoints.Add((address, (ushort)backend.Port));
            }
            foreach (var frontend in service.Frontends)
            {
                // No address: of every address of the node.
                if (FieldParser.TryWide(frontend.Address, out var address)) _serving[(address, (ushort)frontend.Port)] = endpoints;
            }
        }
    }

    /// <summary>True when there is nothing that could be stale.</summary>
    public bool IsEmpty => _serving.Count == 0;

    /// <summary>True when a flow is to be forgotten.</summary>
    /// <param name="flow">The flow.</param>
    /// <param name="services">The services in force, by which node ports are told from ports of the same number elsewhere.</param>
    public bool Contains<TAddress>(in ConntrackEntry<TAddress> flow, ServiceTable<TAddress> services)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        if (flow.Original.Protocol != IpProtocol.Udp || (flow.Flags & FlowFlags.Service) == 0) return false;
        ushort port = flow.Original.DestinationPort.Value;
        if (!_serving.TryGetValue((flow.Original.Destination.Widen(), port), out var serving)
            && !(services.ServesNodePorts(flow.Original.Destination) && _serving.TryGetValue((default, port), out serving))) return false;
        return !serving.Contains((flow.Reply.Source.Widen(), flow.Reply.SourcePort.Value));
    }
}
