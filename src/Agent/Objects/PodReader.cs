using Dataplane.Agent.Model;

namespace Dataplane.Agent.Objects;

/// <summary>Reads v1 Pod.</summary>
internal static class PodReader
{
    /// <summary>Where a hand-written pod without status says its address. Of an API server's pods only the status counts.</summary>
    public const string AddressAnnotation = "dataplane.dev/ip";

    // Set by the kubelet on the object that it makes in the API for a static pod; the value is the UID that the runtime knows.
    private const string MirrorAnnotation = "kubernetes.io/config.mirror";

    /// <summary>A pod of a manifest.</summary>
    public static KubeObject Read(ObjectField root) => Read(root, MetaReader.Annotation(root, AddressAnnotation));

    /// <summary>
    /// A pod of an API server. Whoever may make a pod writes its annotations, and only the kubelet its status: by the annotation a pod that
    /// never runs would be given any address of the cluster, with the identity that policy goes by.
    /// </summary>
    public static KubeObject ReadServed(ObjectField root) => Read(root, null);

    private static Pod Read(ObjectField root, ObjectField? annotation)
    {
        var meta = MetaReader.Read(root, namespaced: true);
        var spec = root["spec"].AsMap().Required();
        var status = root["status"].AsMap();
        var (named, host) = ReadPorts(spec);
        var mirror = MetaReader.Annotation(root, MirrorAnnotation);
        return new Pod(meta)
        {
            Uid = mirror.Exists ? mirror.Text() : root["metadata"]["uid"].Text(),
            NodeName = spec["nodeName"].Text(),
            HostNetwork = spec["hostNetwork"].OptionalBoolean() ?? false,
            Phase = ReadPhase(status["phase"]),
            Addresses = ReadAddresses(status, annotation),
            NamedPorts = named,
            HostPorts = host,
            Ready = ReadReady(status["conditions"]),
        };
    }

    private static PodPhase ReadPhase(ObjectField field) => field.Text() switch
    {
        "" or "Pending" => PodPhase.Pending,
        "Running" => PodPhase.Running,
        "Succeeded" => PodPhase.Succeeded,
        "Failed" => PodPhase.Failed,
        "Unknown" => PodPhase.Unknown,
        var other => throw field.Fail($"unknown phase \"{other}\""),
    };

    private static List<IpAddress> ReadAddresses(ObjectField status, ObjectField? annotation)
    {
        var fields = status["podIPs"].Elements().ConvertAll(e => e["ip"].Required());
        if (fields.Count == 0 && status["podIP"].Text().Length > 0)
            fields.Add(status["podIP"]);
        if (fields.Count == 0 && annotation is { Exists: true } written)
            fields.Add(written);
        var addresses = new List<IpAddress>();
        foreach (var field in fields)
        {
            var address = field.Address();
            if (addresses.Any(a => a.IsIPv6 == address.IsIPv6))
                throw field.Fail("second address of one family");
            addresses.Add(address);
        }
        return addresses;
    }

    private static (NamedPortSet Named, List<PodHostPort> Host) ReadPorts(ObjectField spec)
    {
        var named = new List<NamedPort>();
        var host = new List<PodHostPort>();
        foreach (var container in spec["containers"].Elements())
            AddPorts(container, named, host);
        foreach (var container in spec["initContainers"].Elements())
        {
            // A restartable init container is a sidecar: it serves as long as the pod lives.
            if (container["restartPolicy"].Text() == "Always")
                AddPorts(container, named, host);
        }
        return (named.Count == 0 ? NamedPortSet.Empty : new NamedPortSet(named), host);
    }

    private static void AddPorts(ObjectField container, List<NamedPort> named, List<PodHostPort> host)
    {
        foreach (var element in container["ports"].Elements())
        {
            var number = element["containerPort"].Required().OptionalPort()!.Value;
            var protocol = element["protocol"].Protocol();
            var hostPort = element["hostPort"].OptionalInteger(0, 65535, "a port") ?? 0;
            var hostAddress = element["hostIP"].Text().Length > 0 ? element["hostIP"].Address() : (IpAddress?)null;
            if (hostPort != 0)
                host.Add(new PodHostPort(hostAddress, (ushort)hostPort, protocol, number));
            var nameField = element["name"];
            var name = nameField.Text();
            if (name.Length == 0)
                continue;
            if (!Syntax.IsPortName(name))
                throw nameField.Fail($"\"{name}\" is not a valid port name (at most 15 of a-z, 0-9 and -, with a letter)");
            named.Add(new NamedPort(name, protocol, number));
        }
    }

    private static bool? ReadReady(ObjectField conditions)
    {
        foreach (var condition in conditions.Elements())
        {
            if (condition["type"].Text() == "Ready")
                return condition["status"].Text() == "True";
        }
        return null;
    }
}
