namespace Dataplane.Agent.Model;

/// <summary>A peer by address (P13): <paramref name="Cidr"/> without <paramref name="Except"/>.</summary>
public sealed record IpBlock(IpPrefix Cidr, IReadOnlyList<IpPrefix> Except)
{
    /// <summary>True when the whole prefix is meant: inside the CIDR and in no exception.</summary>
    public bool Covers(IpPrefix prefix)
    {
        if (!Cidr.Contains(prefix))
            return false;
        foreach (var except in Except)
        {
            if (except.Contains(prefix))
                return false;
        }
        return true;
    }
}
