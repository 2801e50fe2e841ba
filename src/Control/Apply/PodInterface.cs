using Dataplane.Control.Compile;
using Xdp.Interop;
using Xdp.Interop.Links;

namespace Dataplane.Control.Apply;

/// <summary>A pod's end of its veth, looked at from outside.</summary>
internal static class PodInterface
{
    /// <summary>What is not as it should be, a sentence each.</summary>
    /// <param name="endpoint">The pod.</param>
    /// <param name="hostIndex">Interface index of the host end.</param>
    /// <param name="wanted">What should be.</param>
    /// <exception cref="XdpException">The kernel does not tell.</exception>
    public static IReadOnlyList<string> FindProblems(AttachedEndpoint endpoint, int hostIndex, EndpointCheck wanted)
    {
        var problems = new List<string>();
        using var netlink = NetlinkSocket.Open();
        var host = netlink.Links.Find(endpoint.HostInterface);
        if (host?.Index != hostIndex) problems.Add($"interface {endpoint.HostInterface} of the node is gone");
        else if (!host.IsUp) problems.Add($"interface {endpoint.HostInterface} of the node is down");

        NetworkNamespace pod;
        try
        {
            pod = NetworkNamespace.Open(endpoint.NetworkNamespace);
        }
        catch (XdpException e)
        {
            problems.Add($"the pod's network namespace cannot be opened: {e.Message}");
            return problems;
        }
        using (pod)
        {
            using var inPod = NetlinkSocket.Open(pod);
            if (inPod.Links.Find(wanted.Interface) is not { } link) problems.Add($"the pod has no interface {wanted.Interface}");
            else problems.AddRange(FindProblems(inPod, link, host, wanted));
        }
        return problems;
    }

    private static IEnumerable<string> FindProblems(NetlinkSocket inPod, LinkInfo link, LinkInfo? host, EndpointCheck wanted)
    {
        if (host is not null && link.PeerIndex != host.Index) yield return $"interface {wanted.Interface} of the pod is not the other end of {host.Name}";
        if (!link.IsUp) yield return $"interface {wanted.Interface} of the pod is down";
        if (wanted.Mac is { } mac && !link.MacAddress.GetAddressBytes().AsSpan().SequenceEqual(RuntimeSettings.ToPhysical(mac).GetAddressBytes()))
            yield return $"interface {wanted.Interface} of the pod has the Ethernet address {string.Join(':', link.MacAddress.GetAddressBytes().Select(b => b.ToString("x2")))}, not {mac}";
        var addresses = inPod.Addresses.List(link.Index);
        foreach (var address in wanted.Addresses.Where(wish => !addresses.Any(there => there.Address.Equals(wish))))
            yield return $"interface {wanted.Interface} of the pod does not have the address {address}";
        var routes = inPod.Routes.List(new RouteFilter { Interface = link.Index });
        foreach (var route in wanted.Routes.Where(wish => !routes.Any(there => there.Destination.Equals(wish))))
            yield return $"the pod has no route to {route} by {wanted.Interface}";
    }
}
