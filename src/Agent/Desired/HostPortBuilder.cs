using Dataplane.Agent.Model;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Desired;

/// <summary>Makes the messages of a pod's host ports (K38): a service "pod/NAME" whose one endpoint is the pod.</summary>
internal sealed class HostPortBuilder(string nodeName)
{
    /// <summary>True for a pod that has host ports on this node. Those of the host's own network are the pod's by themselves.</summary>
    public bool Concerns(Pod pod) =>
        pod.HostPorts.Count > 0 && pod.NodeName == nodeName && !pod.HostNetwork && !pod.HasEnded && pod.Addresses.Count > 0;

    /// <summary>Makes the draft of a pod that <see cref="Concerns"/> tells.</summary>
    public ServiceDraft Build(Pod pod)
    {
        var warnings = new List<string>();
        var ports = new List<(FrontendKey Key, ushort ContainerPort, SortedSet<IpAddress> Addresses)>();
        foreach (var port in pod.HostPorts)
        {
            var key = new FrontendKey(port.Address is { } at && at.Value != UInt128.Zero ? at : null, port.Protocol, port.Port);
            var addresses = pod.Addresses.Where(a => port.Address is not { } given || given.IsIPv6 == a.IsIPv6).ToList();
            var known = ports.FindIndex(p => p.Key == key);
            if (key.Address?.Special is { } special)
                Warn($"hostIP {key.Address} is {special}; hostPort {port.Port} is not served there");
            else if (addresses.Count == 0)
                Warn($"hostIP {port.Address} is of a family that the pod has no address of; hostPort {port.Port} is not served there");
            else if (known < 0)
                ports.Add((key, port.ContainerPort, [.. addresses]));
            else if (ports[known].ContainerPort != port.ContainerPort)
                Warn($"hostPort {key} is asked for twice; container port {ports[known].ContainerPort} has it");
            else
                ports[known].Addresses.UnionWith(addresses);
        }
        var messages = ports.ConvertAll(p => (p.Key, Message: Message(pod, p.Key, p.ContainerPort, p.Addresses)));
        messages.Sort((a, b) => MessageOrder.Compare(a.Message, b.Message));
        var frontends = new DraftFrontends();
        for (var i = 0; i < messages.Count; i++)
            frontends.Add(messages[i].Message, i, V1.Frontend.Types.Kind.HostPort, messages[i].Key, "hostPort");
        return new ServiceDraft(
            [.. messages.Select(m => m.Message)], frontends.Claims, pod.Meta.Created ?? DateTimeOffset.MaxValue, [.. warnings]);

        void Warn(string text) => warnings.Add($"{pod.Key}: {text}");
    }

    private V1.Service Message(Pod pod, FrontendKey key, ushort containerPort, IEnumerable<IpAddress> addresses)
    {
        var service = ServiceKey.OfPod(pod.Meta.Namespace, pod.Meta.Name);
        var message = new V1.Service
        {
            Namespace = service.Namespace,
            Name = service.Name,
            PortName = key.Address is { } address ? $"{address}:{key.Port}" : $"{key.Port}",
            Protocol = Wire.Of(key.Protocol),
        };
        message.Backends.AddRange(addresses.Select(a => new V1.Backend
        {
            Address = a.ToString(), Port = containerPort, Node = nodeName, Use = V1.Backend.Types.Use.ClusterAndLocal,
        }));
        return message;
    }
}
