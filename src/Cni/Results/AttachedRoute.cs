using System.Net;

namespace Dataplane.Cni.Results;

/// <summary>A route of an <see cref="Attachment"/>.</summary>
/// <param name="Destination">As a CIDR.</param>
/// <param name="Gateway">Next hop; null: the gateway of the address.</param>
/// <param name="Mtu">Bytes; 0: that of the interface.</param>
internal sealed record AttachedRoute(string Destination, IPAddress? Gateway, int Mtu = 0);
