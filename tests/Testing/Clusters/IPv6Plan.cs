namespace Dataplane.Testing.Clusters;

/// <summary>Addresses of a dual-stack <see cref="Cluster"/>, beside those of IPv4; the last number is a node's or a host's.</summary>
public static class IPv6Plan
{
    /// <summary>Covers the pod CIDRs of all nodes.</summary>
    public const string ClusterCidr = "fd00:10:244::/48";

    /// <summary>Where ClusterIPs are from.</summary>
    public const string ServiceCidr = "fd00:10:96::/112";

    /// <summary>Address of the host behind the router of <see cref="Cluster.AddWorld"/>.</summary>
    public const string WorldAddress = "2001:db8:113::10";

    /// <summary>The router's address on the side of that host.</summary>
    internal const string WorldGateway = "2001:db8:113::1";

    /// <summary>Address of a node, or of another host, on the underlay.</summary>
    public static string Underlay(int number) => $"fd00:192:168:77::{number}";

    /// <summary>Where a node's pods' addresses are from.</summary>
    public static string PodCidr(int node) => $"fd00:10:244:{node}::/64";

    /// <summary>The first of them, the node's own.</summary>
    public static string HostPort(int node) => $"fd00:10:244:{node}::1";

    /// <summary>Address of a node's pod with a number, from 0.</summary>
    public static string Pod(int node, int number) => $"fd00:10:244:{node}::{10 + number}";

    /// <summary>Gives a device an address that is usable at once.</summary>
    internal static void AddAddress(NetworkNamespace net, string device, string address)
    {
        net.Sysctl($"net.ipv6.conf.{device}.disable_ipv6", "0"); // off in namespaces of tests
        net.Ip($"address add {address} dev {device} nodad");
    }
}
