using System.Collections.Concurrent;
using Xdp.Interop;

namespace Dataplane.Control.Apply;

/// <summary>
/// The XDP programs, one of each kind, and which slots of its maps each device has. A device's slots are written when its sockets are
/// bound; until then, and when the sockets are gone, pods and the host port drop, and the uplink passes.
/// </summary>
internal sealed class XdpAttachments : IDisposable
{
    private readonly Kind _pod = new(XdpProgram.Load(XdpObjects.Pod, XdpObjects.PodProgram));
    private readonly Kind _host = new(XdpProgram.Load(XdpObjects.Host, XdpObjects.HostProgram));
    private readonly Kind _uplink = new(XdpProgram.Load(XdpObjects.Uplink, XdpObjects.UplinkProgram));
    private readonly ConcurrentDictionary<int, Device> _devices = []; // dumps read it meanwhile

    public XdpAttachments() => Steering = new UplinkSteering(_uplink.Program);

    /// <summary>What the uplinks' program takes; nothing until somebody says more.</summary>
    public UplinkSteering Steering { get; }

    /// <summary>Puts a pod's device under the pod program: from now on nothing of it reaches the kernel's stack.</summary>
    public void AttachPod(int ifindex) => Attach(_pod, ifindex, XdpMode.Generic, shared: false, queues: 1);

    /// <summary>The same for our end of the host port.</summary>
    public void AttachHost(int ifindex) => Attach(_host, ifindex, XdpMode.Generic, shared: false, queues: 1);

    /// <summary>Puts an uplink under a program that leaves to the kernel what <see cref="Steering"/> does not name.</summary>
    /// <param name="ifindex">The device.</param>
    /// <param name="mode">Where the program runs.</param>
    /// <param name="queues">How many queues it may ever receive on: so many sockets can be connected.</param>
    public XdpAttachment AttachUplink(int ifindex, XdpMode mode, int queues) => Attach(_uplink, ifindex, mode, shared: true, queues);

    /// <summary>False when somebody has taken the program off a device.</summary>
    public bool IsAttached(int ifindex) => _devices[ifindex].Kind.Program.IsOn(ifindex);

    /// <summary>Takes the program off an uplink, if it is there, and puts it on again; its sockets are as before.</summary>
    /// <returns>How it hangs on it now.</returns>
    /// <exception cref="XdpException">As <see cref="XdpProgram.Attach"/>.</exception>
    public XdpAttachment Reattach(int ifindex)
    {
        var device = _devices[ifindex];
        if (IsAttached(ifindex)) device.Kind.Program.Detach(ifindex);
        else device.Kind.Program.Forget(ifindex);
        return device.Kind.Program.Attach(ifindex, device.Mode, shared: true);
    }

    /// <summary>Leads the frames of a device's queue to its socket.</summary>
    /// <exception cref="XdpException">The device has more queues than it had room for when it was attached.</exception>
    public void Connect(int ifindex, XskSocket socket)
    {
        var device = _devices[ifindex];
        if (socket.Queue >= device.Queues)
            throw new XdpException($"connect the socket of queue {socket.Queue} of device {ifindex}", Errno.ENOSPC, $"it could have {device.Queues} when this process started; restart it");
        device.Kind.Program.Map("xsks").Update(device.Slot + socket.Queue, socket.Fd);
        device.Kind.Program.Map("ports").Update((uint)ifindex, device.Slot);
    }

    /// <summary>How a device is attached: "native" or "generic", and by what.</summary>
    public string Describe(int ifindex) =>
        _devices.TryGetValue(ifindex, out var device) ? device.Mode == XdpMode.Native ? "native" : "generic" : "none";

    /// <summary>Takes a device out; one that is gone already is no error.</summary>
    public void Detach(int ifindex, bool deviceIsGone)
    {
        if (!_devices.TryRemove(ifindex, out var device)) return;
        device.Kind.Program.Map("ports").Delete((uint)ifindex);
        device.Kind.Slots.Return(device.Slot);
        if (!deviceIsGone) device.Kind.Program.Detach(ifindex);
    }

    /// <summary>Unloads the programs. Pods' programs stay attached without sockets: they drop (fail closed).</summary>
    public void Dispose()
    {
        _pod.Program.Dispose();
        _host.Program.Dispose();
        _uplink.Program.Dispose();
    }

    private XdpAttachment Attach(Kind kind, int ifindex, XdpMode mode, bool shared, int queues)
    {
        uint slot = kind.Slots.Take(queues);
        try
        {
            var how = kind.Program.Attach(ifindex, mode, shared);
            if (_devices.TryGetValue(ifindex, out var before)) before.Kind.Slots.Return(before.Slot);
            _devices[ifindex] = new Device(kind, slot, queues, mode);
            return how;
        }
        catch
        {
            kind.Slots.Return(slot);
            throw;
        }
    }

    private sealed class Kind(XdpProgram program)
    {
        public XdpProgram Program { get; } = program;

        public SlotRanges Slots { get; } = new(program.Map("xsks").MaxEntries);
    }

    private sealed record Device(Kind Kind, uint Slot, int Queues, XdpMode Mode);
}
