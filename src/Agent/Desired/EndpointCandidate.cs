using Dataplane.Agent.Model;

namespace Dataplane.Agent.Desired;

/// <summary>An endpoint of a service port, from a slice or from a pod.</summary>
/// <param name="Address">Address.</param>
/// <param name="Port">Port.</param>
/// <param name="Node">Node that runs it; empty where unknown.</param>
/// <param name="IsLocal">That is this node.</param>
/// <param name="Ready">It may take new connections.</param>
/// <param name="Serving">It answers, though it may be on its way out.</param>
/// <param name="Terminating">It is on its way out.</param>
/// <param name="NodeHint">Whether it is meant for clients of this node.</param>
/// <param name="ZoneHint">Whether it is meant for clients of this node's zone.</param>
internal readonly record struct EndpointCandidate(
    IpAddress Address, ushort Port, string Node, bool IsLocal, bool Ready, bool Serving, bool Terminating, Hint NodeHint, Hint ZoneHint)
{
    /// <summary>It may take new connections if no ready one can (K20).</summary>
    public bool IsLastResort => Serving && Terminating;

    // Of two claims to one address and port, the better one counts (K4): a pod that took the address over from one that is
    // on its way out is ready, and this node knows its own endpoints best.
    private int Rank => (IsLocal ? 4 : 0) + (Ready ? 2 : Serving ? 1 : 0);

    /// <summary>
    /// Orders by address and port, the better claim first. No two candidates that differ are equal: all nodes, and all runs,
    /// come to the same list.
    /// </summary>
    public static int Compare(EndpointCandidate a, EndpointCandidate b)
    {
        var order = a.Address.CompareTo(b.Address);
        if (order == 0)
            order = a.Port.CompareTo(b.Port);
        if (order == 0)
            order = b.Rank.CompareTo(a.Rank);
        if (order == 0)
            order = a.Terminating.CompareTo(b.Terminating);
        if (order == 0)
            order = string.CompareOrdinal(a.Node, b.Node);
        if (order == 0)
            order = b.NodeHint.CompareTo(a.NodeHint);
        return order != 0 ? order : b.ZoneHint.CompareTo(a.ZoneHint);
    }
}
