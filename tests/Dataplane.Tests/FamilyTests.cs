using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Testing.Packets;

namespace Dataplane.Tests;

/// <summary>
/// Tests that hold for every address family: one body, run once for each. Their classes for xunit are in <see cref="IPv4"/> and
/// <see cref="IPv6"/>. Here are the names of the sample cluster, so that a test reads alike in both.
/// </summary>
public abstract class FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    protected const ushort HostPort = SampleNode.HostPort, PodAPort = SampleNode.PodAPort, PodBPort = SampleNode.PodBPort, GuardedPort = SampleNode.GuardedPort,
        StartingPort = SampleNode.StartingPort, UplinkPort = SampleNode.UplinkPort;

    protected const ushort NodePort = SampleServices.NodePort, ServicePort = SampleServices.Port;

    /// <summary>Bytes of Ethernet's and the IP header, without options.</summary>
    protected static readonly int Headers = 14 + Family<TAddress>.HeaderLength;

    /// <summary>Bytes of the IP header, without options.</summary>
    protected static readonly int IpHeader = Family<TAddress>.HeaderLength;

    /// <summary>The prefix of <see cref="Partner"/>.</summary>
    protected static PrefixEntry<TAddress> Partners => new(Partner, SampleNodeOf<TAddress>.Partners, 0);

    /// <summary>ICMP's protocol number.</summary>
    protected static readonly byte Icmp = Family<TAddress>.Icmp;

    protected static bool IsV6 => Family<TAddress>.IsV6;

    protected static TAddress PodA => SampleNodeOf<TAddress>.PodA;

    protected static TAddress PodB => SampleNodeOf<TAddress>.PodB;

    protected static TAddress Guarded => SampleNodeOf<TAddress>.Guarded;

    protected static TAddress Starting => SampleNodeOf<TAddress>.Starting;

    protected static TAddress NoPod => SampleNodeOf<TAddress>.NoPod;

    protected static TAddress Gateway => SampleNodeOf<TAddress>.Gateway;

    protected static TAddress NodeAddress => SampleNodeOf<TAddress>.NodeAddress;

    protected static TAddress HostPeer => SampleNodeOf<TAddress>.HostPeer;

    protected static TAddress RemoteNode => SampleNodeOf<TAddress>.RemoteNode;

    protected static TAddress RemoteGateway => SampleNodeOf<TAddress>.RemoteGateway;

    protected static TAddress RemotePod => SampleNodeOf<TAddress>.RemotePod;

    protected static TAddress LostPod => SampleNodeOf<TAddress>.LostPod;

    protected static TAddress World => SampleNodeOf<TAddress>.World;

    protected static TAddress Partner => SampleNodeOf<TAddress>.Partner;

    protected static TAddress WebService => SampleNodeOf<TAddress>.WebService;

    protected static TAddress DnsService => SampleNodeOf<TAddress>.DnsService;

    protected static TAddress RemoteService => SampleNodeOf<TAddress>.RemoteService;

    protected static TAddress SelfService => SampleNodeOf<TAddress>.SelfService;

    protected static TAddress GuardedService => SampleNodeOf<TAddress>.GuardedService;

    protected static TAddress ManyService => SampleNodeOf<TAddress>.ManyService;

    protected static TAddress EmptyService => SampleNodeOf<TAddress>.EmptyService;

    protected static TAddress SctpService => SampleNodeOf<TAddress>.SctpService;

    protected static TAddress NoService => SampleNodeOf<TAddress>.NoService;

    protected static TAddress ExternalIp => SampleServicesOf<TAddress>.ExternalIp;

    protected static TAddress BalancerIp => SampleServicesOf<TAddress>.BalancerIp;

    protected static TAddress ClusterIp => SampleServicesOf<TAddress>.ClusterIp;

    protected static TAddress Client => SampleServicesOf<TAddress>.Client;

    /// <summary>A router of nobody's, somewhere outside.</summary>
    protected static TAddress Router { get; } = Address("192.0.2.1", "2001:db8:c000:2::1");

    /// <summary>The family's one of two addresses.</summary>
    protected static TAddress Address(string v4, string v6) => Family<TAddress>.Address(v4, v6);

    /// <summary>The family's one of two values.</summary>
    protected static T Either<T>(T v4, T v6) => Family<TAddress>.Either(v4, v6);

    /// <summary>A packet of the family.</summary>
    protected static PacketBuilder Ip(TAddress source, TAddress destination) => PacketBuilder.Ip(source, destination);

    protected static TAddress Source(DecodedPacket packet) => packet.SourceOf<TAddress>();

    protected static TAddress Destination(DecodedPacket packet) => packet.DestinationOf<TAddress>();

    /// <summary>The packet in the tunnel, where there is one.</summary>
    protected static DecodedPacket Innermost(DecodedPacket packet) => packet.Inner ?? packet;

    /// <summary>Where each kind of frontend is.</summary>
    protected static (TAddress Address, ushort Port) At(FrontendKind kind) => SampleServicesOf<TAddress>.At(kind);

    /// <summary>A backend.</summary>
    protected static Backend<TAddress> At(TAddress address, ushort port) => SampleNodeOf<TAddress>.At(address, port);

    protected static MacAddress MacOf(TAddress pod) => SampleNode.MacOf(pod);

    /// <summary>A packet as a pod of this node gets it.</summary>
    protected static byte[] Delivered(PacketBuilder packet, TAddress pod) => packet.Ethernet(MacOf(pod), SampleNode.GatewayMac).TimeToLive(63).Build();

    /// <summary>The protocol of a theory's data, in which ICMP stands for the family's.</summary>
    protected static byte OfFamily(byte protocol) => protocol == IpProtocol.Icmp ? Icmp : protocol;

    protected static (byte Type, byte Code) NumbersOf(IcmpError error) => IcmpNumbers.Of(error, IsV6);
}
