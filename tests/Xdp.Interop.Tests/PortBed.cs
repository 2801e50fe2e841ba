using System.Net.NetworkInformation;
using Dataplane.Testing;
using NetworkNamespace = Dataplane.Testing.NetworkNamespace;
using OpenNamespace = Xdp.Interop.Links.NetworkNamespace;

namespace Xdp.Interop.Tests;

/// <summary>
/// A node namespace with veth links to pod namespaces (10.9.0.1/24, 10.9.0.2/24 ...), and one UMEM. Pods answer each
/// other only through what the test forwards. Frames are handed out from a plain stack.
/// </summary>
internal sealed class PortBed : IDisposable
{
    public const int FramesPerPort = 1024;
    private readonly Topology _topology = Topology.Create();
    private readonly OpenNamespace _inside;
    private readonly List<IDisposable> _owned = [];
    private uint _nextSlot;
    private XdpProgram? _program;

    public PortBed(int pods, int frames = 8192, string podLinkOptions = "")
    {
        Node = _topology.AddNamespace("node");
        _inside = OpenNamespace.Open(Node.Path);
        for (int i = 0; i < pods; i++)
        {
            var pod = _topology.AddNamespace($"pod{i}");
            Pods.Add(pod);
            Command.Run("ip", "link", "add", $"v{i}", "netns", Node.Name, "mtu", "65535", "type", "veth", "peer", "name", "eth0", "netns", pod.Name, "mtu", "65535");
            pod.AddAddress("eth0", AddressOf(i) + "/24");
            if (podLinkOptions.Length > 0)
                pod.Ip($"link set eth0 {podLinkOptions}");
        }
        Umem = Umem.Create(frames);
        for (int i = frames - 1; i >= 0; i--)
            Free.Push((ulong)i * Umem.FrameSize);
    }

    public NetworkNamespace Node { get; }

    public List<NetworkNamespace> Pods { get; } = [];

    public Umem Umem { get; }

    /// <summary>Chunks nobody uses.</summary>
    public Stack<ulong> Free { get; } = [];

    /// <summary>The pod program, loaded on first use.</summary>
    public XdpProgram Program => _program ??= Own(XdpProgram.Load(XdpObjects.Pod, XdpObjects.PodProgram));

    public static string AddressOf(int pod) => $"10.9.0.{pod + 1}";

    public int IfindexOf(int pod) => InNode(() => InterfaceName.ToIndex($"v{pod}"));

    /// <summary>The address of the pod's end of its link.</summary>
    public byte[] MacOf(int pod) => MacOf(Pods[pod], "eth0");

    /// <summary>The address of the node's end of it.</summary>
    public byte[] NodeMacOf(int pod) => MacOf(Node, $"v{pod}");

    private static byte[] MacOf(NetworkNamespace ns, string device)
    {
        // "eth0@if2  UP  02:03:..  <...>"; not from /sys, which shows another namespace's devices.
        string[] fields = ns.Run("ip", "-br", "link", "show", device).Output.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return PhysicalAddress.Parse(fields[2].ToUpperInvariant()).GetAddressBytes();
    }

    /// <summary>Runs code on a thread inside the node's namespace.</summary>
    public T InNode<T>(Func<T> body) => _inside.Run(body);

    public void InNode(Action body) => _inside.Run(body);

    /// <summary>Attaches the pod program, opens a socket, fills it, and only then lets the link come up.</summary>
    public XskSocket OpenPort(int pod, XdpMode mode = XdpMode.Generic, XskSocketOptions? options = null)
    {
        int ifindex = IfindexOf(pod);
        XdpProgram program = Program;
        var socket = InNode(() =>
        {
            program.Attach(ifindex, mode);
            return XskSocket.Open(Umem, ifindex, 0, options ?? new XskSocketOptions());
        });
        Own(socket);
        uint slot = _nextSlot++;
        program.Map("xsks").Update(slot, socket.Fd);
        program.Map("ports").Update((uint)ifindex, slot);
        Refill(socket, FramesPerPort);
        Node.Ip($"link set v{pod} up");
        Pods[pod].Ip("link set eth0 up");
        return socket;
    }

    /// <summary>Gives up to <paramref name="count"/> free chunks to the kernel.</summary>
    public void Refill(XskSocket socket, int count)
    {
        uint granted = socket.Fill.Reserve((uint)Math.Min(count, Free.Count), out uint index);
        for (uint i = 0; i < granted; i++)
            socket.Fill[index + i] = Free.Pop();
        socket.Fill.Submit(granted);
    }

    public T Own<T>(T owned) where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    public void Dispose()
    {
        for (int i = _owned.Count - 1; i >= 0; i--)
            _owned[i].Dispose();
        Umem.Dispose();
        _inside.Dispose();
        _topology.Dispose();
    }
}
