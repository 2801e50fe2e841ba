using Dataplane.Agent.Model;

namespace Dataplane.Agent.Objects;

/// <summary>Reads v1 Service.</summary>
internal static class ServiceReader
{
    public static KubeObject Read(ObjectField root)
    {
        var meta = MetaReader.Read(root, namespaced: true);
        var spec = root["spec"].AsMap().Required();
        var type = (ServiceType)spec["type"].Choice("type", "ClusterIP", "NodePort", "LoadBalancer", "ExternalName");
        var (addresses, headless) = ReadClusterIPs(spec);
        CheckFamilies(spec, addresses);
        var ports = ReadPorts(spec["ports"], type);
        if (ports.Count == 0 && type != ServiceType.ExternalName && !headless)
            throw spec["ports"].Fail("is required");
        var selector = spec["selector"];
        var balanced = type == ServiceType.LoadBalancer;
        return new Service(meta)
        {
            Type = type,
            ClusterIPs = addresses,
            IsHeadless = headless,
            Ports = ports,
            ExternalIPs = [.. spec["externalIPs"].Elements().Select(e => e.OrdinaryAddress()).Distinct()],
            LoadBalancerIPs = balanced ? ReadBalancer(root["status"].AsMap()["loadBalancer"]) : [],
            SourceRanges = balanced ? ReadSourceRanges(spec["loadBalancerSourceRanges"]) : [],
            HealthCheckNodePort = (ushort)(spec["healthCheckNodePort"].OptionalInteger(0, 65535, "a port") ?? 0),
            InternalLocal = spec["internalTrafficPolicy"].Choice("policy", "Cluster", "Local") == 1,
            ExternalLocal = spec["externalTrafficPolicy"].Choice("policy", "Cluster", "Local") == 1,
            AffinitySeconds = ReadAffinity(spec),
            TrafficDistribution = ReadDistribution(spec["trafficDistribution"]),
            // An empty map selects nothing for a Service, unlike in a NetworkPolicy.
            Selector = selector.Pairs().Count == 0 ? null : MetaReader.ReadMapSelector(selector),
            PublishNotReadyAddresses = spec["publishNotReadyAddresses"].OptionalBoolean() ?? false,
        };
    }

    private static (List<IpAddress> Addresses, bool Headless) ReadClusterIPs(ObjectField spec)
    {
        var single = spec["clusterIP"];
        var list = spec["clusterIPs"].Elements();
        var first = single.Text();
        if (list.Count > 0 && single.Exists && first.Length > 0 && first != list[0].Text())
            throw list[0].Fail($"\"{list[0].Text()}\" differs from clusterIP \"{first}\"");
        var addresses = new List<IpAddress>();
        if (list.Count == 0)
        {
            if (first is "" or "None")
                return (addresses, first == "None");
            return ([single.Address()], false);
        }
        if (list.Count == 1 && list[0].Text() == "None")
            return (addresses, true);
        foreach (var field in list)
        {
            var address = field.Address();
            if (addresses.Any(a => a.IsIPv6 == address.IsIPv6))
                throw field.Fail("second address of one family");
            addresses.Add(address);
        }
        return (addresses, false);
    }

    private static void CheckFamilies(ObjectField spec, List<IpAddress> addresses)
    {
        var policy = spec["ipFamilyPolicy"];
        if (policy.Choice("policy", "SingleStack", "PreferDualStack", "RequireDualStack") == 0 && policy.Text().Length > 0 && addresses.Count > 1)
            throw policy.Fail("SingleStack, and yet there are two clusterIPs; remove one, or say PreferDualStack");
        var families = spec["ipFamilies"].Elements();
        for (var i = 0; i < families.Count; i++)
        {
            var isIPv6 = families[i].Choice("family", "IPv4", "IPv6") == 1;
            if (i < addresses.Count && addresses[i].IsIPv6 != isIPv6)
                throw families[i].Fail($"{families[i].Text()}, but clusterIP {addresses[i]} is not; give both in the same order");
        }
    }

    private static List<IpAddress> ReadBalancer(ObjectField balancer)
    {
        var addresses = new List<IpAddress>();
        foreach (var ingress in balancer["ingress"].Elements())
        {
            var address = ingress["ip"];
            var proxied = ingress["ipMode"].Choice("mode", "VIP", "Proxy") == 1;
            // With a host name only there is no address to wait for; what a proxy sends comes to a node port.
            if (address.Text().Length == 0 || proxied)
                continue;
            if (address.Address() is var found && !addresses.Contains(found))
                addresses.Add(found);
        }
        return addresses;
    }

    // The API server takes spaces around them, and some charts write them.
    private static List<IpPrefix> ReadSourceRanges(ObjectField ranges) =>
        [.. ranges.Elements().Select(e => e.Prefix(trimmed: true)).Distinct()];

    private static int ReadAffinity(ObjectField spec)
    {
        var timeout = spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"];
        var seconds = timeout.OptionalInteger(1, 86400, "a timeout in seconds");
        if (spec["sessionAffinity"].Choice("affinity", "None", "ClientIP") == 1)
            return seconds ?? Service.DefaultAffinitySeconds;
        return seconds is null ? 0 : throw timeout.Fail("has no effect without sessionAffinity: ClientIP; add that, or remove this");
    }

    private static TrafficDistribution ReadDistribution(ObjectField field) =>
        field.Text().Length == 0 ? TrafficDistribution.None
        : field.Choice("distribution", "PreferSameZone", "PreferClose", "PreferSameNode") == 2 ? TrafficDistribution.PreferSameNode
        : TrafficDistribution.PreferSameZone;

    private static List<ServicePort> ReadPorts(ObjectField field, ServiceType type)
    {
        var ports = new List<ServicePort>();
        var elements = field.Elements();
        foreach (var element in elements)
        {
            var nameField = element["name"];
            var name = nameField.Text();
            if (name.Length > 0 && !Syntax.IsDnsLabel(name))
                throw nameField.Fail($"\"{name}\" is not a valid port name");
            if (name.Length == 0 && elements.Count > 1)
                throw nameField.Fail("is required when there are several ports");
            if (ports.Any(p => p.Name == name))
                throw nameField.Fail($"\"{name}\" is used twice");
            var port = element["port"].Required().OptionalPort()!.Value;
            var protocol = element["protocol"].Protocol();
            if (ports.Any(p => p.Port == port && p.Protocol == protocol))
                throw element["port"].Fail($"{port} is used twice with the same protocol");
            var target = element["targetPort"];
            var nodePort = ReadNodePort(element["nodePort"], type);
            if (nodePort != 0 && ports.Any(p => p.NodePort == nodePort && p.Protocol == protocol))
                throw element["nodePort"].Fail($"{nodePort} is used twice with the same protocol");
            ports.Add(new ServicePort(name, protocol, port, target.OptionalPortReference() ?? new PortReference(port, null), nodePort));
        }
        return ports;
    }

    private static ushort ReadNodePort(ObjectField field, ServiceType type)
    {
        var port = (ushort)(field.OptionalInteger(0, 65535, "a port") ?? 0);
        return port == 0 || type != ServiceType.ClusterIP
            ? port
            : throw field.Fail("may not be set for type ClusterIP; make it NodePort or LoadBalancer, or remove this");
    }
}
