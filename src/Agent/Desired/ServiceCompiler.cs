using Dataplane.Agent.Model;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Desired;

/// <summary>
/// Computes the service ports. What is made of a service is kept and handed out again while its Service and its slices
/// are the same instances, so that one change among thousands of services costs that one.
/// </summary>
internal sealed class ServiceCompiler(string nodeName)
{
    private static readonly EndpointSlice[] NoSlices = [];

    private Dictionary<Service, Entry> _known = new(ReferenceEqualityComparer.Instance);

    /// <summary>Compiles all services, ordered by namespace and name, ports in the order of their names.</summary>
    public List<V1.Service> Compile(ClusterObjects objects, ICollection<string> warnings)
    {
        var slices = objects.EndpointSlices
            .Where(s => s.ServiceName.Length > 0)
            .GroupBy(s => (s.Meta.Namespace, s.ServiceName))
            .ToDictionary(g => g.Key, g => g.ToArray());
        var pods = objects.Pods.ToLookup(p => p.Meta.Namespace, StringComparer.Ordinal);
        var known = new Dictionary<Service, Entry>(_known.Count, ReferenceEqualityComparer.Instance);
        var messages = new List<V1.Service>();
        foreach (var service in objects.Services)
        {
            if (!IsOurs(service.Meta.Labels) || service.IsHeadless || service.Type == ServiceType.ExternalName)
                continue;
            if (service.ClusterIPs.Count == 0)
            {
                warnings.Add($"{service.Key} has no clusterIP and is not served; without an API server nothing assigns one");
                continue;
            }
            if (service.Type != ServiceType.ClusterIP)
                warnings.Add($"{service.Key}: only its clusterIP is served; node ports and balancer addresses are not in this version");
            var own = slices.GetValueOrDefault((service.Meta.Namespace, service.Meta.Name), NoSlices);
            var derived = own.Length == 0 && service.Selector is not null ? objects.Pods : null;
            if (!_known.TryGetValue(service, out var entry) || !entry.IsOf(own, derived))
                entry = new Entry(own, derived, Build(service, own, derived is null ? [] : pods[service.Meta.Namespace]));
            known.Add(service, entry);
            messages.AddRange(entry.Messages);
        }
        _known = known;
        return messages;
    }

    private static bool IsOurs(LabelSet labels) =>
        labels.Find(Service.ProxyNameLabel) is null && labels.Find(Service.HeadlessLabel) is null;

    private V1.Service[] Build(Service service, EndpointSlice[] slices, IEnumerable<Pod> pods)
    {
        var ours = slices.Where(s => IsOurs(s.Meta.Labels)).ToArray();
        var podList = pods.ToArray();
        return
        [
            .. service.Ports.OrderBy(p => p.Name, StringComparer.Ordinal).ThenBy(p => p.Protocol).Select(port =>
            {
                var candidates = slices.Length > 0
                    ? ours.SelectMany(slice => OfSlice(slice, port))
                    : PodEndpoints.Of(service, port, podList);
                return Message(service, port, candidates);
            }),
        ];
    }

    // The slice's port goes by name and protocol; the Service's targetPort is not asked (K3).
    private static IEnumerable<EndpointCandidate> OfSlice(EndpointSlice slice, ServicePort port)
    {
        foreach (var offer in slice.Ports)
        {
            if (offer.Name != port.Name || offer.Protocol != port.Protocol)
                continue;
            foreach (var endpoint in slice.Endpoints)
            {
                yield return new EndpointCandidate(
                    endpoint.Address, offer.Port, endpoint.NodeName, endpoint.Ready, endpoint.Serving, endpoint.Terminating);
            }
        }
    }

    private V1.Service Message(Service service, ServicePort port, IEnumerable<EndpointCandidate> candidates)
    {
        var families = service.ClusterIPs.Select(a => a.IsIPv6).ToHashSet();
        var message = new V1.Service
        {
            Namespace = service.Meta.Namespace,
            Name = service.Meta.Name,
            PortName = port.Name,
            Protocol = Wire.Of(port.Protocol),
        };
        foreach (var address in service.ClusterIPs)
        {
            message.Frontends.Add(new V1.Frontend
            {
                Kind = V1.Frontend.Types.Kind.ClusterIp, Address = address.ToString(), Port = port.Port,
            });
        }
        message.Backends.AddRange(Eligible.Of(candidates.Where(c => families.Contains(c.Address.IsIPv6)), nodeName));
        return message;
    }

    // `Pods` is the whole list a derived service was made of; null for one that has slices.
    private sealed record Entry(EndpointSlice[] Slices, IReadOnlyList<Pod>? Pods, V1.Service[] Messages)
    {
        public bool IsOf(EndpointSlice[] slices, IReadOnlyList<Pod>? pods)
        {
            if (!ReferenceEquals(pods, Pods) || slices.Length != Slices.Length)
                return false;
            for (var i = 0; i < slices.Length; i++)
            {
                if (!ReferenceEquals(slices[i], Slices[i]))
                    return false;
            }
            return true;
        }
    }
}
