using System.Net;
using System.Net.NetworkInformation;

namespace Dataplane.Control.Apply;

/// <summary>How a frame gets to another node over the underlay.</summary>
public sealed record UnderlayPath
{
    /// <summary>The other node's address.</summary>
    public required IPAddress Node { get; init; }

    /// <summary>Index of the output interface; 0 without a route.</summary>
    public int Interface { get; init; }

    /// <summary>Hardware address of the output interface.</summary>
    public PhysicalAddress? InterfaceMac { get; init; }

    /// <summary>The router, or the node itself on the same link.</summary>
    public IPAddress? NextHop { get; init; }

    /// <summary>Where the frame goes on the link; null while it is not known.</summary>
    public PhysicalAddress? NextHopMac { get; init; }

    /// <summary>The source address the kernel would choose.</summary>
    public IPAddress? Source { get; init; }

    /// <summary>Bytes of the outer IP packet.</summary>
    public int Mtu { get; init; }

    /// <summary>Why there is no way now, for people; null when there is one.</summary>
    public string? Problem { get; init; }

    /// <summary>Whether frames can be sent.</summary>
    public bool IsResolved => NextHopMac is not null && Problem is null;
}
