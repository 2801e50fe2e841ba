using Dataplane.Headers;
using Dataplane.Packets;

namespace Dataplane.Control.Compile;

/// <summary>A service frontend that is not a ClusterIP: a node port, host port, external IP or address of a load balancer.</summary>
/// <param name="Address">Zero for every address of the node that node ports are served at.</param>
/// <param name="Port">Host order.</param>
/// <param name="Protocol">TCP, UDP or SCTP.</param>
internal readonly record struct ExternalFrontend<TAddress>(TAddress Address, ushort Port, byte Protocol)
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    public override string ToString()
    {
        string protocol = Protocol switch { IpProtocol.Tcp => "tcp", IpProtocol.Udp => "udp", IpProtocol.Sctp => "sctp", var other => other.ToString() };
        string address = TAddress.ByteLength == IPv6Address.Size ? $"[{Address}]" : $"{Address}";
        return $"{address}:{Port}/{protocol}";
    }
}
