using System.Net;

namespace Dataplane.Control.Options;

/// <summary>What must hold between options, each of which is well formed.</summary>
internal static class OptionRules
{
    public static void Check(DataplaneOptions options, List<string> faults)
    {
        CheckAddresses(options.NodeIp.IPv4, options.PodCidr.IPv4, options.ClusterCidr.IPv4, options.ServiceCidr.IPv4, faults);
        bool[] dual = [options.NodeIp.IPv6 is not null, options.PodCidr.IPv6 is not null, options.ClusterCidr.IPv6 is not null, options.ServiceCidr.IPv6 is not null];
        if (dual.Distinct().Count() > 1)
            faults.Add($"node-ip '{options.NodeIp}', pod-cidr '{options.PodCidr}', cluster-cidr '{options.ClusterCidr}', service-cidr '{options.ServiceCidr}': only some have IPv6; in a dual-stack cluster all four do, else none");
        else if (options.DualStack)
            CheckAddresses(options.NodeIp.IPv6!, options.PodCidr.IPv6!.Value, options.ClusterCidr.IPv6!.Value, options.ServiceCidr.IPv6!.Value, faults);
        if (options.DualStack && options.PodMtu is > 0 and < 1280)
            faults.Add($"pod-mtu '{options.PodMtu}': IPv6 needs 1280 at least (RFC 8200); raise it, or leave the IPv6 prefixes out");
        if (options.Workers > options.WorkerCpus.Count && options.WorkerCpus.Count > 0)
            faults.Add($"workers '{options.Workers}': worker-cpus names {options.WorkerCpus.Count} CPU(s); name one for each worker, or lower workers");
        if (options.UmemFrames < 2 * options.FillRingSize)
            faults.Add($"umem-frames '{options.UmemFrames}': less than two fill rings of {options.FillRingSize}; raise it or lower fill-ring-size");
        if (options.CompletionRingSize < options.TxRingSize)
            faults.Add($"completion-ring-size '{options.CompletionRingSize}': less than tx-ring-size {options.TxRingSize}, so that sending would stall; raise it or lower tx-ring-size");
        if (options.NatPorts.First <= options.NodePortRange.Last && options.NodePortRange.First <= options.NatPorts.Last)
            faults.Add($"nat-ports '{Text(options.NatPorts)}': overlaps node-port-range '{Text(options.NodePortRange)}'; a port cannot be a service's and a connection's");
        if (options.VxlanPort >= options.NatPorts.First && options.VxlanPort <= options.NatPorts.Last)
            faults.Add($"nat-ports '{Text(options.NatPorts)}': contains vxlan-port {options.VxlanPort}; choose others");
        if (options.Uplink is null && options.ExternalInterfaces.Count > 0)
            faults.Add($"external-interfaces '{string.Join(',', options.ExternalInterfaces)}': there is no uplink; name one of them by uplink");
        foreach (string name in options.ExternalInterfaces)
        {
            if (name == options.Uplink || name == options.HostPort || options.ExternalInterfaces.Count(n => n == name) > 1)
                faults.Add($"external-interfaces '{name}': is named twice, or is the uplink or the host port; leave it out");
        }
        if (options.HostPort == options.Uplink)
            faults.Add($"host-port '{options.HostPort}': is the uplink; choose another name");
    }

    private static void CheckAddresses(IPAddress node, IPNetwork pods, IPNetwork cluster, IPNetwork services, List<string> faults)
    {
        if (pods.PrefixLength < cluster.PrefixLength || !cluster.Contains(pods.BaseAddress))
            faults.Add($"pod-cidr '{pods}': not inside cluster-cidr '{cluster}'; correct whichever is wrong");
        if (Overlap(services, cluster))
            faults.Add($"service-cidr '{services}': overlaps cluster-cidr '{cluster}'; give the values that the API server and controller manager have");
        foreach (var (key, cidr) in (ReadOnlySpan<(string, IPNetwork)>)[("cluster-cidr", cluster), ("service-cidr", services)])
        {
            if (cidr.Contains(node)) faults.Add($"node-ip '{node}': inside {key} '{cidr}'; a node's address is neither a pod's nor a service's");
        }
    }

    private static string Text((ushort First, ushort Last) range) => $"{range.First}-{range.Last}";

    private static bool Overlap(IPNetwork a, IPNetwork b) => a.Contains(b.BaseAddress) || b.Contains(a.BaseAddress);
}
