using Dataplane.Agent.Model;

namespace Dataplane.Agent.Desired;

/// <summary>What a packet to a frontend is known by; it belongs to one service only.</summary>
/// <param name="Address">Null: the addresses of nodes, as node ports, host ports and health checks have them.</param>
/// <param name="Protocol">Protocol.</param>
/// <param name="Port">Port.</param>
internal readonly record struct FrontendKey(IpAddress? Address, Protocol Protocol, ushort Port)
{
    /// <summary>"192.0.2.1:80/TCP", "[2001:db8::1]:80/TCP"; "30080/TCP" at the nodes.</summary>
    public override string ToString()
    {
        var protocol = Protocol.ToString().ToUpperInvariant();
        return Address is not { } address ? $"{Port}/{protocol}"
            : address.IsIPv6 ? $"[{address}]:{Port}/{protocol}"
            : $"{address}:{Port}/{protocol}";
    }
}
