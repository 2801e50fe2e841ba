using System.Globalization;
using Dataplane.Agent.Model;

namespace Dataplane.Agent.Objects;

/// <summary>Reads discovery.k8s.io/v1 EndpointSlice, and v1beta1, which servers before 1.21 have only.</summary>
internal static class EndpointSliceReader
{
    // What the endpoint slice controller of those servers put here is the name of the node, whatever the node's label says.
    private const string HostnameTopology = "kubernetes.io/hostname";

    public static KubeObject Read(ObjectField root) => Read(root, element => element["nodeName"].Text());

    /// <summary>v1beta1: the node is one of a map of topology, unless a gate of 1.20 adds its name. The zone is of no use here without hints.</summary>
    public static KubeObject ReadV1Beta1(ObjectField root) => Read(
        root,
        element => element["nodeName"].Text() is { Length: > 0 } name ? name : element["topology"][HostnameTopology].Text());

    private static EndpointSlice Read(ObjectField root, Func<ObjectField, string> nodeOf)
    {
        var meta = MetaReader.Read(root, namespaced: true);
        var typeField = root["addressType"].Required();
        var type = typeField.Text();
        if (type is not ("IPv4" or "IPv6" or "FQDN"))
            throw typeField.Fail($"unknown address type \"{type}\" (IPv4, IPv6 or FQDN)");
        var endpoints = new List<SliceEndpoint>();
        foreach (var element in root["endpoints"].Elements())
        {
            var endpoint = ReadEndpoint(element, type, nodeOf);
            if (endpoint is not null)
                endpoints.Add(endpoint);
        }
        return new EndpointSlice(meta)
        {
            HoldsHostnames = type == "FQDN",
            Endpoints = endpoints,
            Ports = ReadPorts(root["ports"]),
            TriggerTime = ReadTriggerTime(MetaReader.Annotation(root, EndpointSlice.TriggerTimeAnnotation)),
        };
    }

    private static SliceEndpoint? ReadEndpoint(ObjectField element, string type, Func<ObjectField, string> nodeOf)
    {
        var addresses = element["addresses"].Required();
        var fields = addresses.Elements();
        if (fields.Count == 0)
            throw addresses.Fail("must hold an address");
        // A hostname is nothing that a dataplane can send to.
        if (type == "FQDN")
            return null;
        IpAddress? first = null;
        foreach (var field in fields)
        {
            // As the API server does: an endpoint on the loopback or a link would let a slice reach into nodes.
            var address = field.OrdinaryAddress();
            if (address.IsIPv6 != (type == "IPv6"))
                throw field.Fail($"\"{address}\" is not of addressType {type}");
            first ??= address;
        }
        var conditions = element["conditions"];
        return new SliceEndpoint(
            first!.Value,
            conditions["ready"].OptionalBoolean() ?? true,
            conditions["serving"].OptionalBoolean() ?? true,
            conditions["terminating"].OptionalBoolean() ?? false,
            nodeOf(element),
            ReadNames(element["hints"]["forNodes"]),
            ReadNames(element["hints"]["forZones"]));
    }

    private static string[] ReadNames(ObjectField hints) => [.. hints.Elements().Select(e => e["name"].Required().Text())];

    // Only a measurement hangs on it: a time that cannot be read is no reason to refuse the endpoints.
    private static DateTimeOffset? ReadTriggerTime(ObjectField field) =>
        DateTimeOffset.TryParse(
            field.Text(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : null;

    private static List<SlicePort> ReadPorts(ObjectField field)
    {
        var ports = new List<SlicePort>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var element in field.Elements())
        {
            var name = element["name"].Text();
            if (!names.Add(name))
                throw element["name"].Fail($"\"{name}\" is used twice");
            var protocol = element["protocol"].Protocol();
            var port = element["port"].OptionalInteger(0, 65535, "a port") ?? 0;
            // Without a number it means "all ports", which no service port can stand for (K4).
            if (port != 0)
                ports.Add(new SlicePort(name, protocol, (ushort)port));
        }
        return ports;
    }
}
