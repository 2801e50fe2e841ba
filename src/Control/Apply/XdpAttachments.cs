using System.Collections.Concurrent;
using Dataplane.Packets;
using Xdp.Interop;

namespace Dataplane.Control.Apply;

/// <summary>
/// The XDP programs, one of each kind, and which slot of its maps each device has. A device's slot is written when its socket is
/// bound; until then, and when the socket is gone, pods and the host port drop, and the uplink passes.
/// </summary>
internal sealed class XdpAttachments : IDisposable
{
    private readonly XdpProgram _pod = XdpProgram.Load(XdpObjects.Pod, XdpObjects.PodProgram);
    private readonly XdpProgram _host = XdpProgram.Load(XdpObjects.Host, XdpObjects.HostProgram);
    private readonly XdpProgram _uplink = XdpProgram.Load(XdpObjects.Uplink, XdpObjects.UplinkProgram);
    private readonly UplinkSteering _steering;
    private readonly ConcurrentDictionary<int, (XdpProgram Program, uint Slot, XdpMode Mode)> _devices = []; // dumps read it meanwhile

    public XdpAttachments() => _steering = new UplinkSteering(_uplink);

    /// <summary>What the uplink's program takes; until somebody says more, only what <see cref="AttachUplink"/> was given.</summary>
    public UplinkSteering Steering => _steering;

    /// <summary>Puts a pod's device under the pod program: from now on nothing of it reaches the kernel's stack.</summary>
    public void AttachPod(int ifindex) => Attach(_pod, ifindex, XdpMode.Generic, shared: false);

    /// <summary>The same for our end of the host port.</summary>
    public void AttachHost(int ifindex) => Attach(_host, ifindex, XdpMode.Generic, shared: false);

    /// <summary>Puts the uplink under a program that takes VXLAN for <paramref name="nodeAddress"/> (network byte order) only.</summary>
    public XdpAttachment AttachUplink(int ifindex, XdpMode mode, uint nodeAddress, ushort vxlanPort)
    {
        _steering.Apply(new UplinkSteeringSpec
        {
            VxlanPort = vxlanPort,
            Addresses = new Dictionary<IPv4Address, UplinkAddressUse> { [IPv4Address.Read(BitConverter.GetBytes(nodeAddress))] = UplinkAddressUse.Vxlan },
        });
        return Attach(_uplink, ifindex, mode, shared: true);
    }

    /// <summary>Leads a device's frames to its socket.</summary>
    public void Connect(int ifindex, XskSocket socket)
    {
        var (program, slot, _) = _devices[ifindex];
        program.Map("xsks").Update(slot + socket.Queue, socket.Fd);
        program.Map("ports").Update((uint)ifindex, slot);
    }

    /// <summary>How a device is attached: "native" or "generic", and by what.</summary>
    public string Describe(int ifindex) =>
        _devices.TryGetValue(ifindex, out var device) ? device.Mode == XdpMode.Native ? "native" : "generic" : "none";

    /// <summary>Takes a device out; one that is gone already is no error.</summary>
    public void Detach(int ifindex, bool deviceIsGone)
    {
        if (!_devices.TryRemove(ifindex, out var device)) return;
        device.Program.Map("ports").Delete((uint)ifindex);
        if (!deviceIsGone) device.Program.Detach(ifindex);
    }

    /// <summary>Unloads the programs. Pods' programs stay attached without sockets: they drop (fail closed).</summary>
    public void Dispose()
    {
        _pod.Dispose();
        _host.Dispose();
        _uplink.Dispose();
    }

    private XdpAttachment Attach(XdpProgram program, int ifindex, XdpMode mode, bool shared)
    {
        var how = program.Attach(ifindex, mode, shared);
        uint slot = 0;
        while (_devices.Values.Any(d => d.Program == program && d.Slot == slot)) slot++;
        _devices[ifindex] = (program, slot, mode);
        return how;
    }
}
