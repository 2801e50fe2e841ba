using Dataplane.Contracts.V1;

namespace Dataplane.Control.Compile;

/// <summary>
/// Checks every field of a state before anything is changed by it. What passes compiles; what does not names the first bad field.
/// </summary>
public static class StateValidator
{
    /// <summary>Checks values, one by one.</summary>
    /// <param name="state">The state or the part of it that is to be upserted.</param>
    /// <param name="path">What stands before field names in messages, for example "state.".</param>
    /// <exception cref="InvalidStateException">A field has a value that cannot be used.</exception>
    public static void Validate(State state, string path)
    {
        for (int i = 0; i < state.Nodes.Count; i++) Validate(state.Nodes[i], $"{path}nodes[{i}]");
        for (int i = 0; i < state.Services.Count; i++) Validate(state.Services[i], $"{path}services[{i}]");
        for (int i = 0; i < state.Identities.Count; i++)
        {
            if (state.Identities[i].Id == 0) throw new InvalidStateException($"{path}identities[{i}].id", "0", "means any; use 1 and up");
        }
        for (int i = 0; i < state.Ipcache.Count; i++)
        {
            FieldParser.Network($"{path}ipcache[{i}].cidr", state.Ipcache[i].Cidr);
            CheckIdentity($"{path}ipcache[{i}].identity", state.Ipcache[i].Identity);
        }
        for (int i = 0; i < state.Policies.Count; i++) Validate(state.Policies[i], $"{path}policies[{i}]");
        for (int i = 0; i < state.Workloads.Count; i++)
        {
            FieldParser.Name($"{path}workloads[{i}].namespace", state.Workloads[i].Namespace);
            FieldParser.Name($"{path}workloads[{i}].pod", state.Workloads[i].Pod);
            CheckIdentity($"{path}workloads[{i}].identity", state.Workloads[i].Identity);
        }
    }

    private static void Validate(Node node, string path)
    {
        FieldParser.Name(path + ".name", node.Name);
        for (int i = 0; i < node.Addresses.Count; i++) FieldParser.Address($"{path}.addresses[{i}]", node.Addresses[i]);
        for (int i = 0; i < node.PodCidrs.Count; i++) FieldParser.Network($"{path}.pod_cidrs[{i}]", node.PodCidrs[i]);
        if (node.VtepMac.Length > 0) FieldParser.Mac(path + ".vtep_mac", node.VtepMac);
    }

    private static void Validate(Service service, string path)
    {
        FieldParser.Name(path + ".name", service.Name);
        if (service.Protocol is not (Protocol.Tcp or Protocol.Udp or Protocol.Sctp))
        {
            throw new InvalidStateException(path + ".protocol", service.Protocol.ToString(), "is not a service protocol; use TCP, UDP or SCTP");
        }
        for (int i = 0; i < service.Frontends.Count; i++)
        {
            ValidateFrontend(service.Frontends[i], $"{path}.frontends[{i}]");
        }
        for (int i = 0; i < service.Backends.Count; i++)
        {
            FieldParser.Address($"{path}.backends[{i}].address", service.Backends[i].Address);
            FieldParser.Port($"{path}.backends[{i}].port", service.Backends[i].Port);
            if (!Enum.IsDefined(service.Backends[i].Use)) throw new InvalidStateException($"{path}.backends[{i}].use", $"{(int)service.Backends[i].Use}", "is not a use of this version");
        }
        for (int i = 0; i < service.SourceRanges.Count; i++) FieldParser.Network($"{path}.source_ranges[{i}]", service.SourceRanges[i]);
        FieldParser.Port(path + ".health_check_port", service.HealthCheckPort, 0);
    }

    private static void ValidateFrontend(Frontend frontend, string path)
    {
        if (frontend.Kind == Frontend.Types.Kind.Unspecified || !Enum.IsDefined(frontend.Kind))
            throw new InvalidStateException(path + ".kind", $"{(int)frontend.Kind}", "is not a kind of this version; use CLUSTER_IP, NODE_PORT, EXTERNAL_IP, LOAD_BALANCER or HOST_PORT");
        bool onNode = frontend.Kind is Frontend.Types.Kind.NodePort or Frontend.Types.Kind.HostPort;
        if (frontend.Address.Length > 0 || !onNode) FieldParser.Address(path + ".address", frontend.Address);
        if (frontend.Kind == Frontend.Types.Kind.NodePort && frontend.Address.Length > 0)
            throw new InvalidStateException(path + ".address", frontend.Address, "must be empty for a node port: it is on every address of the node");
        FieldParser.Port(path + ".port", frontend.Port);
    }

    private static void Validate(Policy policy, string path)
    {
        if (policy.Id == 0) throw new InvalidStateException(path + ".id", "0", "means that no policy is known; use 1 and up");
        Validate(policy.Ingress, path + ".ingress");
        Validate(policy.Egress, path + ".egress");
    }

    private static void Validate(PolicyDirection? direction, string path)
    {
        if (direction is null) return;
        for (int i = 0; i < direction.Rules.Count; i++)
        {
            var rule = direction.Rules[i];
            string at = $"{path}.rules[{i}]";
            uint first = FieldParser.Port(at + ".first_port", rule.FirstPort, 0), last = FieldParser.Port(at + ".last_port", rule.LastPort, 0);
            if (last < first) throw new InvalidStateException(at + ".last_port", $"{last}", $"is before first_port {first}; swap them");
            if (!Enum.IsDefined(rule.Protocol)) throw new InvalidStateException(at + ".protocol", $"{(int)rule.Protocol}", "is not a protocol of this version");
            if (rule.Protocol is Protocol.Any or Protocol.Icmp && last != 0)
            {
                throw new InvalidStateException(at + ".last_port", $"{last}", $"needs a protocol with ports; {rule.Protocol} has none");
            }
        }
    }

    private static void CheckIdentity(string field, uint identity)
    {
        // The top bit stays free: tables hold identities as positive numbers.
        if (identity is 0 or > int.MaxValue) throw new InvalidStateException(field, $"{identity}", "is not an identity; use 1 to 2147483647");
    }
}
