using Dataplane.Agent.Model;

namespace Dataplane.Agent.Desired;

/// <summary>An endpoint of a service port, from a slice or from a pod.</summary>
internal readonly record struct EndpointCandidate(
    IpAddress Address, ushort Port, string Node, bool Ready, bool Serving, bool Terminating)
{
    /// <summary>How well it stands: of two claims to one address and port, the better one counts (K4).</summary>
    public int Rank => Ready ? 2 : Serving ? 1 : 0;
}
