using Dataplane.Agent.Model;
using Kind = Dataplane.Contracts.V1.Frontend.Types.Kind;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Desired;

/// <summary>Makes the messages of one Service, as if no other asked for its frontends.</summary>
internal sealed class ServiceBuilder(NodeLocality locality, ServiceOptions options)
{
    // Used again and again, one service at a time.
    private readonly List<EndpointCandidate> _candidates = [];
    private readonly HashSet<IpAddress> _localReady = [];
    private readonly List<string> _warnings = [];

    /// <summary>Makes a draft.</summary>
    /// <param name="service">A service that is served.</param>
    /// <param name="slices">Every slice that names it.</param>
    /// <param name="pods">The pods of its namespace, where its endpoints come from them; null otherwise.</param>
    public ServiceDraft Build(Service service, EndpointSlice[] slices, IReadOnlyList<Pod>? pods)
    {
        _warnings.Clear();
        _localReady.Clear();
        var families = Families.Of(service);
        var externalIPs = ExternalIPs(service, families);
        var ranges = Ranges(service, families);
        var balancerIPs = BalancerIPs(service, families, ranges);
        var frontends = new DraftFrontends();
        var ports = service.Ports.OrderBy(p => p.Name, StringComparer.Ordinal).ThenBy(p => p.Protocol).ToArray();
        var messages = new V1.Service[ports.Length];
        for (var i = 0; i < ports.Length; i++)
        {
            var port = ports[i];
            var message = messages[i] = Message(service, port, service.Type != ServiceType.ClusterIP || externalIPs.Count > 0);
            Add(service.ClusterIPs, Kind.ClusterIp, "clusterIP");
            if (port.NodePort != 0)
                frontends.Add(message, i, Kind.NodePort, new FrontendKey(null, port.Protocol, port.NodePort), "nodePort");
            else if (service.Type == ServiceType.NodePort)
                Warn(service, $"port {port.Port} has no nodePort; without an API server nothing assigns one");
            // Where an address is both, the source ranges hold: they were set for that address.
            Add(balancerIPs, Kind.LoadBalancer, "status.loadBalancer.ingress");
            Add(externalIPs, Kind.ExternalIp, "externalIPs");
            message.SourceRanges.AddRange(ranges.Select(r => r.ToString()));
            AddBackends(message, service, port, slices, pods, families);

            void Add(IEnumerable<IpAddress> addresses, Kind kind, string field)
            {
                foreach (var address in addresses)
                    frontends.Add(message, i, kind, new FrontendKey(address, port.Protocol, port.Port), field);
            }
        }
        AddHealthCheck(service, messages, frontends);
        return new ServiceDraft(messages, frontends.Claims, service.Meta.Created ?? DateTimeOffset.MaxValue, [.. _warnings]);
    }

    private static V1.Service Message(Service service, ServicePort port, bool isOpen) => new()
    {
        Namespace = service.Meta.Namespace,
        Name = service.Meta.Name,
        PortName = port.Name,
        Protocol = Wire.Of(port.Protocol),
        InternalLocal = service.InternalLocal,
        // The field may be left over from another type; it speaks of traffic from outside, and that needs a way in.
        ExternalLocal = service.ExternalLocal && isOpen,
        AffinitySeconds = (uint)service.AffinitySeconds,
    };

    private void AddBackends(
        V1.Service message, Service service, ServicePort port, EndpointSlice[] slices, IReadOnlyList<Pod>? pods, Families families)
    {
        _candidates.Clear();
        if (pods is not null)
            PodEndpoints.Add(service, port, pods, locality, _candidates);
        foreach (var slice in slices)
        {
            if (options.Counts(slice))
                SliceEndpoints.Add(slice, port, locality, _candidates);
        }
        _candidates.RemoveAll(c => !families.Hold(c.Address.IsIPv6));
        EndpointSelection.Settle(_candidates);
        message.Backends.AddRange(EndpointSelection.ToBackends(_candidates));
        foreach (var candidate in _candidates)
        {
            if (candidate.Ready && candidate.IsLocal)
                _localReady.Add(candidate.Address);
        }
    }

    // K13. A pod with an address of each family is one endpoint, not two.
    private void AddHealthCheck(Service service, V1.Service[] messages, DraftFrontends frontends)
    {
        if (service.Type != ServiceType.LoadBalancer || !service.ExternalLocal)
            return;
        if (service.HealthCheckNodePort == 0)
        {
            Warn(service, "externalTrafficPolicy is Local, and there is no healthCheckNodePort; without an API server nothing assigns one, and the balancer cannot tell nodes with endpoints from others");
            return;
        }
        if (!frontends.TryAddHealthCheck(service.HealthCheckNodePort))
        {
            Warn(service, $"healthCheckNodePort {service.HealthCheckNodePort} is also one of its node ports; health checks are not answered");
            return;
        }
        var ipv6 = _localReady.Count(a => a.IsIPv6);
        foreach (var message in messages)
        {
            message.HealthCheckPort = service.HealthCheckNodePort;
            message.LocalEndpoints = (uint)Math.Max(ipv6, _localReady.Count - ipv6);
        }
    }

    private List<IpAddress> ExternalIPs(Service service, Families families)
    {
        if (service.ExternalIPs.Count == 0 || !options.DisableExternalIPs)
            return InFamilies(service, service.ExternalIPs, families, "externalIPs");
        Warn(service, $"externalIPs {string.Join(", ", service.ExternalIPs)} are not served: --disable-external-ips");
        return [];
    }

    private List<IpPrefix> Ranges(Service service, Families families)
    {
        var ranges = new List<IpPrefix>();
        foreach (var range in service.SourceRanges)
        {
            if (families.Hold(range.IsIPv6))
                ranges.Add(range);
            else
                WarnFamily(service, "loadBalancerSourceRanges", range.ToString(), range.IsIPv6);
        }
        return ranges;
    }

    // An empty list of ranges means everyone: where all that were given are of the other family, nobody is what was meant.
    private List<IpAddress> BalancerIPs(Service service, Families families, List<IpPrefix> ranges)
    {
        var addresses = InFamilies(service, service.LoadBalancerIPs, families, "status.loadBalancer.ingress");
        // Balancers for one machine write such: no reason to refuse the service, as there is with what a user wrote.
        foreach (var address in addresses.FindAll(a => a.Special is not null))
        {
            Warn(service, $"status.loadBalancer.ingress {address} is {address.Special}; it is not served");
            addresses.Remove(address);
        }
        if (service.SourceRanges.Count == 0)
            return addresses;
        foreach (var address in addresses.FindAll(a => !ranges.Exists(r => r.IsIPv6 == a.IsIPv6)))
        {
            Warn(service, $"loadBalancerSourceRanges has no {Families.Name(address.IsIPv6)} range, so nobody may reach {address}; it is not served");
            addresses.Remove(address);
        }
        return addresses;
    }

    private List<IpAddress> InFamilies(Service service, IReadOnlyList<IpAddress> addresses, Families families, string field)
    {
        var kept = new List<IpAddress>(addresses.Count);
        foreach (var address in addresses)
        {
            if (families.Hold(address.IsIPv6))
                kept.Add(address);
            else
                WarnFamily(service, field, address.ToString(), address.IsIPv6);
        }
        return kept;
    }

    private void WarnFamily(Service service, string field, string value, bool ipv6) =>
        Warn(service, $"{field} {value} is {Families.Name(ipv6)}, and the service has no clusterIP of that family; it is ignored");

    private void Warn(Service service, string text) => _warnings.Add($"{service.Key}: {text}");
}
