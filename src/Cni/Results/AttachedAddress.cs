using System.Net;

namespace Dataplane.Cni.Results;

/// <summary>An address of an <see cref="Attachment"/>.</summary>
/// <param name="Address">The address.</param>
/// <param name="PrefixLength">Bits.</param>
/// <param name="Gateway">Next hop, of the same family; null when none was named.</param>
/// <param name="Interface">Number of its interface in the list; null: no interface is named.</param>
internal sealed record AttachedAddress(IPAddress Address, int PrefixLength, IPAddress? Gateway, int? Interface)
{
    /// <summary>The form of results, "10.244.1.7/32".</summary>
    public override string ToString() => $"{Address}/{PrefixLength}";
}
