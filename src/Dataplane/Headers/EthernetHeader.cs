using System.Runtime.InteropServices;
using Dataplane.Packets;

namespace Dataplane.Headers;

/// <summary>Ethernet II: destination, source, type.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct EthernetHeader
{
    /// <summary>Bytes on the wire.</summary>
    public const int Size = 14;

    public MacAddress Destination;
    public MacAddress Source;
    public Be16 EtherType;
}
