namespace Dataplane.Control.Metrics;

/// <summary>Source ports of masqueraded connections, which each group of destinations has all to itself.</summary>
/// <param name="Used">Ports in use in all groups together.</param>
/// <param name="MostUsed">Ports in use in the group that uses most.</param>
/// <param name="Capacity">Ports that one group has.</param>
/// <param name="Groups">Groups.</param>
public readonly record struct NatPortSample(ulong Used, ulong MostUsed, ulong Capacity, ulong Groups)
{
    /// <summary>Ports that are free in all groups together.</summary>
    public ulong Free => Capacity * Groups - Used;
}
