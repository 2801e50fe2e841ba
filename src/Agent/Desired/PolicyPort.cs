using Dataplane.Agent.Model;

namespace Dataplane.Agent.Desired;

/// <summary>Ports of a rule after defaulting. Both ports 0: every port; protocol null: every protocol.</summary>
internal readonly record struct PolicyPort(Protocol? Protocol, ushort First, ushort Last, string? Name)
{
    /// <summary>Everything (P7).</summary>
    public static readonly PolicyPort Any = new(null, 0, 0, null);

    /// <summary>The ports that a rule's list names.</summary>
    public static PolicyPort[] Of(NetworkPolicyRule rule) =>
        rule.Ports.Count == 0 ? [Any] : [.. rule.Ports.Select(Of)];

    private static PolicyPort Of(NetworkPolicyPort port)
    {
        if (port.Port is not { } reference)
            return new PolicyPort(port.Protocol, 0, 0, null);
        if (reference.Name is not null)
            return new PolicyPort(port.Protocol, 0, 0, reference.Name);
        var last = port.EndPort == 0 ? reference.Number : port.EndPort;
        return new PolicyPort(port.Protocol, (ushort)reference.Number, (ushort)last, null);
    }
}
