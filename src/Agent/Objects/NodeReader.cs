using System.Globalization;
using Dataplane.Agent.Model;

namespace Dataplane.Agent.Objects;

/// <summary>Reads v1 Node.</summary>
internal static class NodeReader
{
    public static KubeObject Read(ObjectField root)
    {
        var meta = MetaReader.Read(root, namespaced: false);
        var spec = root["spec"].AsMap();
        var prefixes = spec["podCIDRs"].Elements().ConvertAll(e => e.Prefix());
        if (prefixes.Count == 0 && spec["podCIDR"].Text().Length > 0)
            prefixes.Add(spec["podCIDR"].Prefix());
        var addresses = new List<IpAddress>();
        foreach (var element in root["status"]["addresses"].Elements())
        {
            if (element["type"].Required().Text() != "InternalIP")
                continue;
            var address = element["address"].Address();
            if (!addresses.Contains(address))
                addresses.Add(address);
        }
        return new Node(meta)
        {
            Addresses = addresses,
            PodCidrs = [.. prefixes.Distinct()],
            TaintKeys = spec["taints"].Elements().ConvertAll(e => e["key"].Required().Text()),
            VtepMac = ReadMac(MetaReader.Annotation(root, Node.VtepMacAnnotation)),
        };
    }

    private static string ReadMac(ObjectField field)
    {
        var text = field.Text();
        if (text.Length == 0)
            return "";
        var parts = text.Split(':');
        if (parts.Length != 6
            || !parts.All(p => p.Length == 2 && byte.TryParse(p, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _))
            || (byte.Parse(parts[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) & 1) != 0)
            throw field.Fail($"\"{text}\" is not a unicast MAC address (0e:11:22:33:44:55)");
        return text.ToLowerInvariant();
    }
}
