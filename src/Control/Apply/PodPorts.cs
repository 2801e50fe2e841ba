using Dataplane.Control.Compile;
using Dataplane.Packets;
using Dataplane.Workers;
using Microsoft.Extensions.Logging;

namespace Dataplane.Control.Apply;

/// <summary>Makes and removes what a pod is attached by: its veth, the program on it, and its port.</summary>
internal sealed class PodPorts(NodeRuntime node, XdpAttachments programs, ILogger log)
{
    /// <summary>Opens everything but the pod's end of the veth, which <see cref="PodVeth.Activate"/> sets up once tables know it.</summary>
    /// <param name="wanted">What was asked for.</param>
    /// <param name="id">Number for people.</param>
    /// <exception cref="Xdp.Interop.XdpException">The kernel refused something; nothing is left behind.</exception>
    public EndpointStore.Attachment Open(EndpointRequest wanted, uint id)
    {
        var veth = PodVeth.Create(new PodVethSpec
        {
            HostName = PodVeth.HostNameFor(wanted.Namespace, wanted.Pod),
            PodNamespacePath = wanted.NetworkNamespace,
            PodInterface = wanted.Interface,
            Address = FieldParser.From(wanted.Address),
            Gateway = node.Options.HostPortAddress.IPv4,
            AddressV6 = wanted.AddressV6 is { } v6 ? FieldParser.From(v6) : null,
            GatewayV6 = node.Options.HostPortAddress.IPv6,
            RouteMtu = node.PathMtu,
            HostMac = RuntimeSettings.ToPhysical(node.GatewayMac),
            Alias = wanted.Key,
            DeviceMtu = node.DeviceMtu,
        });
        Port? port = null;
        try
        {
            programs.AttachPod(veth.HostIndex);
            port = node.Engine.AddPort(PortKind.Pod, veth.HostName, veth.HostIndex, 0, RuntimeSettings.Sockets(node.Options));
            programs.Connect(veth.HostIndex, port.Socket);
            var endpoint = new AttachedEndpoint
            {
                Id = id,
                Namespace = wanted.Namespace,
                Pod = wanted.Pod,
                Address = wanted.Address,
                AddressV6 = wanted.AddressV6,
                Mac = new MacAddress(veth.PodMac.GetAddressBytes()),
                Port = port.Id,
                HostInterface = veth.HostName,
                PodInterface = wanted.Interface,
                NetworkNamespace = wanted.NetworkNamespace,
                ContainerId = wanted.ContainerId,
                Uid = wanted.Uid,
            };
            return new EndpointStore.Attachment(endpoint, veth, port);
        }
        catch
        {
            if (port is not null) node.Engine.RemovePort(port);
            GiveUp(veth);
            throw;
        }
    }

    /// <summary>
    /// Undoes <see cref="Open"/>. A pair that was there before stays, since a pod may run that has no other; the program that stays on it drops
    /// what the pod sends.
    /// </summary>
    public void GiveUp(EndpointStore.Attachment attachment)
    {
        node.Engine.RemovePort(attachment.Port);
        GiveUp(attachment.Veth);
    }

    /// <summary>Closes it all. Tables must not lead to the port any more.</summary>
    public void Close(EndpointStore.Attachment attachment)
    {
        node.Engine.RemovePort(attachment.Port);
        bool removed = attachment.Veth.Remove(); // false: it went with the pod's namespace
        programs.Detach(attachment.Veth.HostIndex, deviceIsGone: true);
        attachment.Veth.Dispose();
        if (!removed) log.LogInformation("interface {Interface} was gone already", attachment.Endpoint.HostInterface);
    }

    private void GiveUp(PodVeth veth)
    {
        programs.Detach(veth.HostIndex, deviceIsGone: veth.WasTakenOver);
        if (!veth.WasTakenOver) veth.Remove();
        veth.Dispose();
    }
}
