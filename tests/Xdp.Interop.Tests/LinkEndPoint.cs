using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Xdp.Interop.Tests;

/// <summary>Where a raw packet socket sends a whole frame to: a device (struct sockaddr_ll).</summary>
internal sealed class LinkEndPoint(int ifindex) : EndPoint
{
    /// <summary>ETH_P_ALL in network order.</summary>
    public const int AllProtocols = 0x0300;

    public override AddressFamily AddressFamily => AddressFamily.Packet;

    public override SocketAddress Serialize()
    {
        var address = new SocketAddress(AddressFamily.Packet, 20);
        BinaryPrimitives.WriteUInt16LittleEndian(address.Buffer.Span[2..], AllProtocols);
        BinaryPrimitives.WriteInt32LittleEndian(address.Buffer.Span[4..], ifindex);
        return address;
    }
}
