using Dataplane.Cli.Output;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>How many source ports are in use where it is tightest.</summary>
/// <param name="Used">Ports in use in the group of destinations that uses most.</param>
/// <param name="Size">Ports that the group has; 0: the dataplane does not say.</param>
internal readonly record struct NatPortUse(ulong Used, ulong Size)
{
    /// <summary>Takes it from a status.</summary>
    public static NatPortUse Of(Status.Types.NatPorts? ports) => ports is null ? default : new(ports.MostUsed, ports.Last - ports.First + 1);

    /// <inheritdoc/>
    public override string ToString() => $"{Used} of {Size} ports in use by the busiest destinations ({Words.Percent(Used, Size)})";
}
