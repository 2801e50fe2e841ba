using Dataplane.Agent.Model;

namespace Dataplane.Agent.Objects;

/// <summary>Reads networking.k8s.io/v1 NetworkPolicy and defaults its policyTypes (P3).</summary>
internal static class NetworkPolicyReader
{
    public static KubeObject Read(ObjectField root)
    {
        var meta = MetaReader.Read(root, namespaced: true);
        var spec = root["spec"].AsMap().Required();
        var ingress = spec["ingress"].Elements().ConvertAll(rule => ReadRule(rule, "from"));
        var egress = spec["egress"].Elements().ConvertAll(rule => ReadRule(rule, "to"));
        var (isolatesIngress, isolatesEgress) = ReadTypes(spec["policyTypes"], egress.Count > 0);
        return new NetworkPolicy(meta)
        {
            PodSelector = MetaReader.ReadSelector(spec["podSelector"]) ?? LabelSelector.Everything,
            IsolatesIngress = isolatesIngress,
            IsolatesEgress = isolatesEgress,
            // Rules of a direction that policyTypes leaves out have no effect.
            Ingress = isolatesIngress ? ingress : [],
            Egress = isolatesEgress ? egress : [],
        };
    }

    private static (bool Ingress, bool Egress) ReadTypes(ObjectField field, bool hasEgressRules)
    {
        var types = field.Elements();
        if (types.Count == 0)
            return (true, hasEgressRules);
        bool ingress = false, egress = false;
        foreach (var type in types)
        {
            switch (type.Text())
            {
                case "Ingress":
                    ingress = true;
                    break;
                case "Egress":
                    egress = true;
                    break;
                default:
                    throw type.Fail($"unknown policy type \"{type.Text()}\" (Ingress or Egress)");
            }
        }
        return (ingress, egress);
    }

    private static NetworkPolicyRule ReadRule(ObjectField rule, string peers) => new(
        rule.AsMap()[peers].Elements().ConvertAll(ReadPeer),
        rule["ports"].Elements().ConvertAll(ReadPort));

    private static NetworkPolicyPeer ReadPeer(ObjectField peer)
    {
        var pods = MetaReader.ReadSelector(peer.AsMap()["podSelector"]);
        var namespaces = MetaReader.ReadSelector(peer["namespaceSelector"]);
        var block = peer["ipBlock"].AsMap();
        if (!block.Exists)
        {
            return pods is null && namespaces is null
                ? throw peer.Fail("must hold podSelector, namespaceSelector or ipBlock")
                : new NetworkPolicyPeer(pods, namespaces, null);
        }
        if (pods is not null || namespaces is not null)
            throw block.Fail("excludes podSelector and namespaceSelector in the same element");
        var cidr = block["cidr"].Prefix();
        var except = new List<IpPrefix>();
        foreach (var field in block["except"].Elements())
        {
            var prefix = field.Prefix();
            if (!cidr.Contains(prefix) || prefix == cidr)
                throw field.Fail($"{prefix} is not a part of cidr {cidr}");
            except.Add(prefix);
        }
        return new NetworkPolicyPeer(null, null, new IpBlock(cidr, except));
    }

    private static NetworkPolicyPort ReadPort(ObjectField field)
    {
        var protocol = field.AsMap()["protocol"].Protocol();
        var port = field["port"].OptionalPortReference();
        var endField = field["endPort"];
        var end = endField.OptionalPort() ?? 0;
        if (end != 0)
        {
            if (port is null || port.Value.Name is not null)
                throw endField.Fail("needs a port that is a number");
            if (end < port.Value.Number)
                throw endField.Fail($"{end} is less than port {port.Value.Number}");
        }
        return new NetworkPolicyPort(protocol, port, end);
    }
}
