using Dataplane.Agent.Model;

namespace Dataplane.Agent.Desired;

/// <summary>The address families that a service has: those of its cluster addresses (K27).</summary>
internal readonly record struct Families(bool IPv4, bool IPv6)
{
    public static Families Of(Service service) =>
        new(service.ClusterIPs.Any(a => !a.IsIPv6), service.ClusterIPs.Any(a => a.IsIPv6));

    public static string Name(bool isIPv6) => isIPv6 ? "IPv6" : "IPv4";

    public bool Hold(bool isIPv6) => isIPv6 ? IPv6 : IPv4;
}
