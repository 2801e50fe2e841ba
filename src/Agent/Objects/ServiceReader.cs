using Dataplane.Agent.Model;

namespace Dataplane.Agent.Objects;

/// <summary>Reads v1 Service.</summary>
internal static class ServiceReader
{
    public static KubeObject Read(ObjectField root)
    {
        var meta = MetaReader.Read(root, namespaced: true);
        var spec = root["spec"].AsMap().Required();
        var type = spec["type"].Text("ClusterIP") switch
        {
            "ClusterIP" or "" => ServiceType.ClusterIP,
            "NodePort" => ServiceType.NodePort,
            "LoadBalancer" => ServiceType.LoadBalancer,
            "ExternalName" => ServiceType.ExternalName,
            var other => throw spec["type"].Fail($"unknown type \"{other}\" (ClusterIP, NodePort, LoadBalancer or ExternalName)"),
        };
        var (addresses, headless) = ReadClusterIPs(spec);
        var ports = ReadPorts(spec["ports"]);
        if (ports.Count == 0 && type != ServiceType.ExternalName && !headless)
            throw spec["ports"].Fail("is required");
        var selector = spec["selector"];
        return new Service(meta)
        {
            Type = type,
            ClusterIPs = addresses,
            IsHeadless = headless,
            Ports = ports,
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

    private static List<ServicePort> ReadPorts(ObjectField field)
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
            ports.Add(new ServicePort(name, protocol, port, target.OptionalPortReference() ?? new PortReference(port, null)));
        }
        return ports;
    }
}
