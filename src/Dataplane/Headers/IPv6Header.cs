using System.Runtime.InteropServices;
using Dataplane.Packets;

namespace Dataplane.Headers;

/// <summary>
/// IPv6 (RFC 8200):
/// <code>
///  0                   1                   2                   3
/// |Version| Traffic Class |           Flow Label                  |
/// |         Payload Length        |  Next Header  |   Hop Limit   |
/// |                       Source Address (16)                     |
/// |                    Destination Address (16)                   |
/// </code>
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct IPv6Header
{
    /// <summary>Bytes on the wire without extension headers.</summary>
    public const int Size = 40;

    public Be32 VersionClassAndFlow;
    public Be16 PayloadLength;
    public byte NextHeader;
    public byte HopLimit;
    public IPv6Address Source;
    public IPv6Address Destination;

    /// <summary>Extension headers that may stand before the transport header (RFC 8200, section 4; RFC 4302).</summary>
    public const byte HopByHop = 0, Routing = 43, Fragment = 44, Authentication = 51, DestinationOptions = 60;

    /// <summary>6.</summary>
    public readonly int Version => (int)(VersionClassAndFlow.Value >> 28);
}
