using System.Runtime.InteropServices;
using Dataplane.Packets;

namespace Dataplane.Conntrack;

/// <summary>
/// The whole decision for one direction of a flow: where its packets go and what is rewritten, so that an established flow asks
/// no other table. Fixed size and free of references: it could be handed to a BPF map as it is.
/// New addresses and ports are not here: they are the mirrored tuple of the other direction.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
public struct FlowAction
{
    /// <summary>Bytes in a table.</summary>
    public const int Size = 24;

    /// <summary>A <see cref="Revision"/> that is older than the first: nothing was decided yet.</summary>
    public const uint Undecided = uint.MaxValue;

    /// <summary>Revision of the tables by which this was decided; another one means: decide again.</summary>
    public uint Revision;

    /// <summary>
    /// Index in the VTEP table when <see cref="Kind"/> is <see cref="ForwardKind.Overlay"/>, in the list of neighbours when it is
    /// <see cref="ForwardKind.Neighbor"/>.
    /// </summary>
    public uint Target;

    /// <summary>Output port.</summary>
    public ushort Port;

    /// <summary>Where packets go.</summary>
    public ForwardKind Kind;

    /// <summary>True when addresses or ports are rewritten.</summary>
    public bool Rewrites;

    /// <summary>Ethernet destination on <see cref="Port"/>; only for <see cref="ForwardKind.Port"/>.</summary>
    public MacAddress NextHop;

    /// <summary>Folded sum to add to a checksum for the change of addresses (memory order).</summary>
    public ushort AddressDelta;

    /// <summary>Folded sum to add to a complete transport checksum for the change of addresses and ports (memory order).</summary>
    public ushort TransportDelta;

    /// <summary>MTU of the IP packet on this way; 0 for none.</summary>
    public ushort Mtu;
}
