namespace Dataplane.Testing.Packets;

/// <summary>State of a transport checksum field.</summary>
public enum ChecksumKind
{
    /// <summary>The protocol has none, or the packet is a fragment, of which nobody can tell.</summary>
    Unknown,

    /// <summary>Right.</summary>
    Complete,

    /// <summary>Holds the sum of the pseudo-header, for the device to complete.</summary>
    Partial,

    /// <summary>Zero, which in UDP over IPv4 means none.</summary>
    None,

    /// <summary>Anything else.</summary>
    Wrong,
}
