using System.Security.Cryptography;

namespace Dataplane.Testing;

/// <summary>
/// Network namespaces joined by veth links, for one test or one fixture. Names are unique on the machine
/// (dpt-pid-random-name), nothing is made in the default namespace, and disposing removes all of it; what a crashed
/// process left is removed by the next process that makes a topology.
/// </summary>
public sealed class Topology : IDisposable
{
    /// <summary>How every namespace of a test begins.</summary>
    public const string Marker = "dpt";

    private readonly Dictionary<string, NetworkNamespace> _namespaces = [];
    private readonly List<IDisposable> _owned = [];
    private readonly string _prefix;
    private bool _disposed;

    private Topology(string prefix, string folder)
    {
        _prefix = prefix;
        Folder = folder;
        AppDomain.CurrentDomain.ProcessExit += OnProcessExit;
    }

    /// <summary>A folder for sockets, manifests and logs; removed with the topology.</summary>
    public string Folder { get; }

    /// <summary>The namespaces by their short names.</summary>
    public IReadOnlyDictionary<string, NetworkNamespace> Namespaces => _namespaces;

    /// <summary>An empty topology. Needs root; see <see cref="RequiresRootFactAttribute"/>.</summary>
    public static Topology Create()
    {
        string prefix = $"{Marker}-{Environment.ProcessId}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
        return new Topology(prefix, TopologyRegistry.Add(prefix));
    }

    /// <summary>Removes what processes that are gone left behind; <see cref="Create"/> does it once per process.</summary>
    public static void RemoveOrphans() => TopologyRegistry.RemoveOrphans();

    /// <summary>Makes a namespace with its loopback up and IPv6 autoconfiguration off (no stray frames in captures).</summary>
    public NetworkNamespace AddNamespace(string name)
    {
        var made = new NetworkNamespace($"{_prefix}-{name}");
        Command.Run("ip", "netns", "add", made.Name);
        _namespaces.Add(name, made);
        made.Ip("link set lo up");
        made.Run("sysctl", "-q", "-w", "net.ipv6.conf.default.disable_ipv6=1", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0");
        return made;
    }

    /// <summary>Joins two namespaces by a veth pair and sets both ends up. MTU in bytes, without the Ethernet header.</summary>
    public void Link(NetworkNamespace left, string leftDevice, NetworkNamespace right, string rightDevice, int mtu = 1500)
    {
        Command.Run("ip", "link", "add", leftDevice, "netns", left.Name, "mtu", mtu.ToString(),
            "type", "veth", "peer", "name", rightDevice, "netns", right.Name, "mtu", mtu.ToString());
        left.Ip($"link set {leftDevice} up");
        right.Ip($"link set {rightDevice} up");
    }

    /// <summary>
    /// A namespace that is nothing but an Ethernet switch, "br0". What passes it can be captured on its ports even when
    /// XDP takes the frames at either end, before the taps of tcpdump there.
    /// </summary>
    public NetworkNamespace AddSwitch(string name)
    {
        NetworkNamespace made = AddNamespace(name);
        made.Ip("link add br0 type bridge");
        made.Ip("link set br0 up");
        return made;
    }

    /// <summary>
    /// Joins a device to a switch like a network card without offloads: frames are no longer than the MTU and carry
    /// finished checksums, as on a real wire.
    /// </summary>
    public void Plug(NetworkNamespace left, string device, NetworkNamespace @switch, string port, int mtu = 1500)
    {
        Link(left, device, @switch, port, mtu);
        @switch.Ip($"link set {port} master br0");
        left.Run("ethtool", "-K", device, "tx", "off", "tso", "off", "gso", "off", "gro", "off");
        @switch.Run("ethtool", "-K", port, "tx", "off", "tso", "off", "gso", "off", "gro", "off");
    }

    /// <summary>Ties something (a process) to the topology: disposed before the namespaces go, last one first.</summary>
    public T Own<T>(T owned) where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
        for (int i = _owned.Count - 1; i >= 0; i--)
            _owned[i].Dispose();
        TopologyRegistry.Remove(_prefix);
    }

    private void OnProcessExit(object? sender, EventArgs e) => Dispose();
}
