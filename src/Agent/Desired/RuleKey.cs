using Dataplane.Agent.Model;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Desired;

/// <summary>What a rule allows; two rules with one key are one rule (P4).</summary>
internal readonly record struct RuleKey(uint Identity, V1.Protocol Protocol, ushort First, ushort Last) : IComparable<RuleKey>
{
    public static RuleKey Of(uint identity, Protocol? protocol, ushort first, ushort last) =>
        new(identity, protocol is { } p ? Wire.Of(p) : V1.Protocol.Any, first, last);

    public int CompareTo(RuleKey other)
    {
        var order = Identity.CompareTo(other.Identity);
        if (order == 0)
            order = Protocol.CompareTo(other.Protocol);
        if (order == 0)
            order = First.CompareTo(other.First);
        return order != 0 ? order : Last.CompareTo(other.Last);
    }
}
