using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Desired;

/// <summary>The order of service messages: that of their keys in the contract.</summary>
internal static class MessageOrder
{
    public static int Compare(V1.Service a, V1.Service b)
    {
        var order = string.CompareOrdinal(a.Namespace, b.Namespace);
        if (order == 0)
            order = string.CompareOrdinal(a.Name, b.Name);
        if (order == 0)
            order = string.CompareOrdinal(a.PortName, b.PortName);
        return order != 0 ? order : a.Protocol.CompareTo(b.Protocol);
    }
}
