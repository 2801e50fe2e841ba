using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Xdp.Interop;
using Xdp.Interop.Links;

namespace Dataplane.Control.Apply;

/// <summary>
/// The veth pair of a pod; all calls in the node's network namespace. Order of use: <see cref="Create"/> (host end up, pod end down: no frame can flow), attach XDP and bind sockets to
/// <see cref="HostIndex"/>, then <see cref="Activate"/> (pod end up, with its routes). So the host's own stack never sees a frame of the pod.
/// A pair that an earlier run of the process left is taken over and put right, so that pods keep their connections.
/// </summary>
public sealed class PodVeth : IDisposable
{
    private const int NameHashDigits = 11;
    private const int MinimumMtu = 68, MinimumMtuV6 = 1280; // bytes; RFC 791, RFC 8200

    private readonly PodVethSpec _spec;
    private readonly NetworkNamespace _pod;
    private readonly int _podIndex;
    private readonly List<PodAddressing> _families;

    private PodVeth(PodVethSpec spec, NetworkNamespace pod, int hostIndex, int podIndex, bool takenOver)
    {
        _spec = spec;
        _pod = pod;
        _podIndex = podIndex;
        _families = Families(spec);
        HostIndex = hostIndex;
        WasTakenOver = takenOver;
    }

    /// <summary>Name of the host end.</summary>
    public string HostName => _spec.HostName;

    /// <summary>Interface index of the host end.</summary>
    public int HostIndex { get; }

    public PhysicalAddress PodMac => _spec.PodMac!;

    public PhysicalAddress HostMac => _spec.HostMac!;

    /// <summary>The pair was there already, and the pod may be using it.</summary>
    public bool WasTakenOver { get; }

    /// <summary>
    /// Name of a pod's host end: "dp" and the first 11 hex digits of SHA-256("namespace/pod"). The same pod has the same name after a restart;
    /// two pods of a node share one with a chance of about 1 in 10^9 for 100 pods, which shows as an error and never as mixed traffic.
    /// </summary>
    public static string HostNameFor(string podNamespace, string podName)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{podNamespace}/{podName}"));
        return "dp" + Convert.ToHexStringLower(hash)[..NameHashDigits];
    }

    /// <summary>Whether there is a device of this name, and so the pod at its other end.</summary>
    /// <exception cref="XdpException">The kernel does not tell.</exception>
    public static bool Exists(string hostName)
    {
        using var netlink = NetlinkSocket.Open();
        return netlink.Links.Find(hostName) is not null;
    }

    /// <summary>Makes the pair, or takes over the one that is there. On failure nothing new is left behind.</summary>
    /// <exception cref="XdpException">The message names the step, the object and the remedy.</exception>
    /// <exception cref="ArgumentException">An address or gateway is not of its family, or the route's MTU is below 68 (with IPv6 1280) or above the device's.</exception>
    public static PodVeth Create(PodVethSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        Require(AddressFamily.InterNetwork, spec.Address, nameof(spec.Address));
        Require(AddressFamily.InterNetwork, spec.Gateway, nameof(spec.Gateway));
        if (spec.AddressV6 is not null)
        {
            Require(AddressFamily.InterNetworkV6, spec.AddressV6, nameof(spec.AddressV6));
            Require(AddressFamily.InterNetworkV6, spec.GatewayV6, nameof(spec.GatewayV6));
        }
        ArgumentOutOfRangeException.ThrowIfLessThan(spec.RouteMtu, spec.AddressV6 is null ? MinimumMtu : MinimumMtuV6);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(spec.RouteMtu, spec.DeviceMtu);
        spec = spec with
        {
            PodMac = spec.PodMac ?? new PhysicalAddress([0x0a, 0x58, .. spec.Address.GetAddressBytes()]),
            HostMac = spec.HostMac ?? DeriveHostMac(spec.HostName),
        };

        using var netlink = NetlinkSocket.Open();
        var pod = NetworkNamespace.Open(spec.PodNamespacePath);
        var created = false;
        try
        {
            using var inPod = NetlinkSocket.Open(pod);
            var host = FindExisting(netlink, inPod, spec);
            created = host is null;
            host ??= netlink.Links.CreateVeth(new VethSpec
            {
                Name = spec.HostName, MacAddress = spec.HostMac, Mtu = spec.DeviceMtu, Queues = spec.Queues,
                PeerName = spec.PodInterface, PeerMacAddress = spec.PodMac, PeerMtu = spec.DeviceMtu, PeerNamespace = pod,
            });
            SetUpHostEnd(netlink, host.Index, spec);
            VethOffloads.TurnOff(pod, spec.PodInterface);
            if (spec.AddressV6 is not null) PodAddressing.EnableV6(pod, spec.PodInterface);
            else if (!created) PodAddressing.RemoveV6(inPod, host.PeerIndex);
            foreach (var family in Families(spec)) family.SetAddress(inPod, host.PeerIndex);
            return new PodVeth(spec, pod, host.Index, host.PeerIndex, takenOver: !created);
        }
        catch
        {
            if (created) Remove(spec.HostName);
            pod.Dispose();
            throw;
        }
    }

    /// <summary>Sets the pod's end up and installs its routes. Call it once XDP is attached to the host end. On failure the pair is removed, unless it was taken over.</summary>
    /// <exception cref="XdpException">The message names the step, the object and the remedy.</exception>
    public void Activate()
    {
        try
        {
            using var inPod = NetlinkSocket.Open(_pod);
            inPod.Links.SetUp(_podIndex);
            foreach (var family in _families) family.SetRoutes(inPod, _podIndex, HostMac);
        }
        catch
        {
            if (!WasTakenOver) Remove();
            throw;
        }
        finally
        {
            // A descriptor that stays open would keep the namespace of a dead pod, and this pair, alive.
            _pod.Dispose();
        }
    }

    /// <summary>Changes the MTU of the pod's routes; connections that exist learn of it by what is sent. Once the pair is active.</summary>
    /// <param name="mtu">Bytes, at most the device's.</param>
    /// <exception cref="XdpException">The pod's namespace is gone, or the kernel refused.</exception>
    public void SetRouteMtu(int mtu)
    {
        using var pod = NetworkNamespace.Open(_spec.PodNamespacePath);
        using var inPod = NetlinkSocket.Open(pod);
        foreach (var family in _families) (family with { RouteMtu = mtu }).SetRoutes(inPod, _podIndex, HostMac);
    }

    /// <summary>Removes the pair. False when it was gone, e.g. with the pod's namespace.</summary>
    public bool Remove() => Remove(HostName);

    /// <summary>Removes the pair whose host end has this name. False when there is none.</summary>
    /// <exception cref="XdpException">The interface of that name is not a veth, hence not ours.</exception>
    public static bool Remove(string hostName)
    {
        using var netlink = NetlinkSocket.Open();
        return netlink.Links.Find(hostName) is { } link && netlink.Links.Delete(RequireVeth(link).Index);
    }

    /// <summary>Lets go of the pod's namespace; the pair stays.</summary>
    public void Dispose() => _pod.Dispose();

    private static LinkInfo RequireVeth(LinkInfo link) => link.Kind == "veth"
        ? link
        : throw new XdpException($"take over {link.Name}", Errno.EEXIST, $"it is of kind {link.Kind ?? "hardware"}, not a veth of ours; rename or delete it");

    private static LinkInfo? FindExisting(NetlinkSocket netlink, NetlinkSocket inPod, PodVethSpec spec)
    {
        if (netlink.Links.Find(spec.HostName) is not { } host) return null;
        RequireVeth(host);
        // The two ends point at each other only when they are one pair.
        if (inPod.Links.Find(spec.PodInterface) is { } end && end.Index == host.PeerIndex && end.PeerIndex == host.Index && end.MacAddress.Equals(spec.PodMac)
            && host.MacAddress.Equals(spec.HostMac) && host.RxQueues == spec.Queues && end.TxQueues == spec.Queues && host.Mtu == spec.DeviceMtu && end.Mtu == spec.DeviceMtu)
            return host;
        // Left from another pod sandbox or made with other settings.
        netlink.Links.Delete(host.Index);
        return null;
    }

    private static void SetUpHostEnd(NetlinkSocket netlink, int index, PodVethSpec spec)
    {
        // Belt and braces for a moment without XDP: the host stack neither forwards what comes from here nor believes its source.
        using var here = NetworkNamespace.Current();
        Sysctl.Ensure($"ipv4/conf/{spec.HostName}/forwarding", "0", here);
        Sysctl.Ensure($"ipv4/conf/{spec.HostName}/rp_filter", "1", here);
        // No router solicitations or MLD reports of the host to the pod.
        Sysctl.Ensure($"ipv6/conf/{spec.HostName}/disable_ipv6", "1", here);
        if (spec.Alias.Length > 0) netlink.Links.SetAlias(index, spec.Alias);
        netlink.Links.SetUp(index);
    }

    private static List<PodAddressing> Families(PodVethSpec spec)
    {
        var families = new List<PodAddressing> { new(spec.Address, spec.Gateway, spec.RouteMtu) };
        if (spec.AddressV6 is { } address) families.Add(new(address, spec.GatewayV6!, spec.RouteMtu));
        return families;
    }

    private static PhysicalAddress DeriveHostMac(string name)
    {
        // Locally administered, unicast.
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(name));
        return new PhysicalAddress([0x0e, 0x58, .. hash.AsSpan(0, 4)]);
    }

    private static void Require(AddressFamily family, IPAddress? address, string name)
    {
        if (address?.AddressFamily != family) throw new ArgumentException($"{address} is not an {(family == AddressFamily.InterNetwork ? "IPv4" : "IPv6")} address", name);
    }
}
