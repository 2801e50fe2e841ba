using System.Net;

namespace Dataplane.Control.Options;

/// <summary>What must hold between options, each of which is well formed.</summary>
internal static class OptionRules
{
    public static void Check(DataplaneOptions options, List<string> faults)
    {
        if (options.PodCidr.PrefixLength < options.ClusterCidr.PrefixLength || !options.ClusterCidr.Contains(options.PodCidr.BaseAddress))
            faults.Add($"pod-cidr '{options.PodCidr}': not inside cluster-cidr '{options.ClusterCidr}'; correct whichever is wrong");
        if (Overlap(options.ServiceCidr, options.ClusterCidr))
            faults.Add($"service-cidr '{options.ServiceCidr}': overlaps cluster-cidr '{options.ClusterCidr}'; give the values that the API server and controller manager have");
        foreach (var (key, cidr) in (ReadOnlySpan<(string, IPNetwork)>)[("cluster-cidr", options.ClusterCidr), ("service-cidr", options.ServiceCidr)])
        {
            if (cidr.Contains(options.NodeIp))
                faults.Add($"node-ip '{options.NodeIp}': inside {key} '{cidr}'; a node's address is neither a pod's nor a service's");
        }
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

    private static string Text((ushort First, ushort Last) range) => $"{range.First}-{range.Last}";

    private static bool Overlap(IPNetwork a, IPNetwork b) => a.Contains(b.BaseAddress) || b.Contains(a.BaseAddress);
}
