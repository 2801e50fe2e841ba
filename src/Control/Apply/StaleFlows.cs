using Dataplane.Conntrack;
using Dataplane.Contracts.V1;
using Dataplane.Control.Compile;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;
using Service = Dataplane.Contracts.V1.Service;

namespace Dataplane.Control.Apply;

/// <summary>
/// UDP flows that a change of services leaves behind: those to an endpoint that its service has lost, by address and port (K24), and those to
/// frontends that are no service's any more. A client that uses its port again would be answered by what it was told is gone.
/// </summary>
internal sealed class StaleFlows
{
    // Frontends that have changed, each with the endpoints that serve it; no address stands for every address of the node.
    private readonly Dictionary<(IPv6Address, ushort), HashSet<(IPv6Address, ushort)>> _serving = [];

    /// <summary>
    /// What a change leaves behind. Of a service that has no endpoint left the flows stay: they are as good as a refusal, and it may get its
    /// endpoint back (K24).
    /// </summary>
    /// <param name="before">The state so far.</param>
    /// <param name="after">The state from now on.</param>
    public static StaleFlows Between(DesiredState before, DesiredState after)
    {
        var stale = new StaleFlows();
        List<Service> served = [];
        foreach (var (_, was, service) in SharedMap<ServiceKey, Service>.Changes(before.Services, after.Services))
        {
            if ((was ?? service)!.Protocol != Protocol.Udp) continue;
            if (was is not null) stale.Set(was.Frontends.ExceptBy((service?.Frontends ?? []).Select(Key), Key), []);
            if (service is { Backends.Count: > 0 } && (was is null || !was.Backends.Equals(service.Backends) || !was.Frontends.Equals(service.Frontends))) served.Add(service);
        }
        // What one service has lost another may have got.
        foreach (var service in served) stale.Set(service.Frontends, service.Backends);
        return stale;
    }

    /// <summary>Adds what a later change has left behind.</summary>
    /// <param name="later">Of the later change.</param>
    public void Add(StaleFlows later)
    {
        foreach (var (frontend, endpoints) in later._serving) _serving[frontend] = endpoints;
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

    // Of another kind it is the same to a client.
    private static (string Address, uint Port) Key(Frontend frontend) => (frontend.Address, frontend.Port);

    private void Set(IEnumerable<Frontend> frontends, IEnumerable<Backend> backends)
    {
        var endpoints = new HashSet<(IPv6Address, ushort)>();
        foreach (var backend in backends)
        {
            if (FieldParser.TryWide(backend.Address, out var address)) endpoints.Add((address, (ushort)backend.Port));
        }
        foreach (var frontend in frontends)
        {
            // No address: of every address of the node.
            if (FieldParser.TryWide(frontend.Address, out var address)) _serving[(address, (ushort)frontend.Port)] = endpoints;
        }
    }
}
