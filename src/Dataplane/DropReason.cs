namespace Dataplane;

/// <summary>
/// Why a packet died. Names are metric labels and stay stable; docs/drop-reasons.md says of each what to check, and a test
/// produces each.
/// </summary>
public enum DropReason : ushort
{
    /// <summary>Not a drop.</summary>
    None = 0,

    /// <summary>Shorter than an Ethernet header.</summary>
    EthernetTruncated = 1,

    /// <summary>An EtherType other than IPv4 and ARP.</summary>
    EtherTypeUnsupported = 2,

    /// <summary>An ARP message that is cut short, or is not a request or reply for IPv4 over Ethernet.</summary>
    ArpInvalid = 3,

    /// <summary>ARP that needs no answer: a reply, an announcement, or a question for the asker's own address.</summary>
    ArpIgnored = 4,

    /// <summary>
    /// The IP header is cut short, or its lengths contradict each other or the frame; or IPv6 that is yet to be routed on by its source, or
    /// has too many extension headers.
    /// </summary>
    IpHeaderInvalid = 5,

    /// <summary>The TCP header is cut short or says that it is shorter than 20 bytes.</summary>
    TcpHeaderInvalid = 6,

    /// <summary>The UDP header is cut short, or its length contradicts the packet's.</summary>
    UdpHeaderInvalid = 7,

    /// <summary>The ICMP header is cut short.</summary>
    IcmpHeaderInvalid = 8,

    /// <summary>The SCTP header is cut short.</summary>
    SctpHeaderInvalid = 9,

    /// <summary>Destination is multicast or broadcast, which pods have no use for here.</summary>
    MulticastUnsupported = 10,

    /// <summary>A pod sent with an address that is not its own (P34), or the tunnel or the host sent with a local pod's, the uplink with one of ours, or the host with a peer's.</summary>
    SourceSpoofed = 11,

    /// <summary>The pod is attached, but its identity and policy have not arrived yet (F5).</summary>
    PolicyNotReady = 12,

    /// <summary>No policy rule of the pod allows the connection.</summary>
    PolicyDenied = 13,

    /// <summary>TCP in the middle of a connection that is not known here.</summary>
    ConntrackNoFlow = 14,

    /// <summary>The conntrack table is full of flows that are worth more.</summary>
    ConntrackFull = 15,

    /// <summary>No source port was free for a translated flow.</summary>
    NatPortsExhausted = 16,

    /// <summary>A later fragment whose first fragment was not seen or is forgotten.</summary>
    FragmentFirstMissing = 17,

    /// <summary>The address lies in the service range, but no service has it (K6).</summary>
    ServiceUnknown = 18,

    // 19 was ServiceProtocolUnsupported, before SCTP was translated.

    /// <summary>An address of this node's pod range that no pod has, or a route that leads nowhere.</summary>
    RouteUnreachable = 20,

    /// <summary>From the tunnel, or to a pod from the underlay, for an address that is not on this node.</summary>
    RouteNotLocal = 21,

    /// <summary>The underlay's next hop towards the node has no known Ethernet address.</summary>
    NeighborUnresolved = 22,

    /// <summary>The TTL ended here.</summary>
    HopLimitExceeded = 23,

    /// <summary>Larger than the path allows, and its sender lets nobody fragment it.</summary>
    FragmentationNeeded = 24,

    /// <summary>Outer headers of a tunnelled frame are cut short or contradict each other.</summary>
    VxlanHeaderInvalid = 25,

    /// <summary>A tunnelled frame of another virtual network.</summary>
    VniUnknown = 26,

    /// <summary>A tunnelled frame from an address that is no node's.</summary>
    VtepUnknown = 27,

    /// <summary>No room before the packet for another header.</summary>
    HeadroomExhausted = 28,

    /// <summary>An ICMP error about a flow that is not known here, or that quotes too little to tell.</summary>
    IcmpErrorUnrelated = 29,

    /// <summary>More frames than a packet may have on its way out.</summary>
    FrameTooLarge = 30,

    /// <summary>The output port's ring had no room.</summary>
    TransmitRingFull = 31,

    /// <summary>The kernel refused or dropped the packet when it was sent.</summary>
    TransmitFailed = 32,

    /// <summary>No free frame for a copy or a segment.</summary>
    FramesExhausted = 33,

    /// <summary>The output port is gone.</summary>
    PortGone = 34,

    /// <summary>Answered with ICMP port unreachable: the service has no endpoint (K18) or no such port (K6).</summary>
    ServiceNoEndpoints = 35,

    /// <summary>The ring to the worker that owns the output port was full.</summary>
    HandoffRingFull = 36,

    /// <summary>An ICMP error was due, but its rate is limited.</summary>
    IcmpRateLimited = 37,

    /// <summary>The tunnel was marked congested, but the inner packet cannot carry the mark (RFC 6040).</summary>
    EcnInvalid = 38,

    /// <summary>Another worker was opening the same flow and was held up; the sender will try again.</summary>
    ConntrackContended = 39,

    /// <summary>The service's traffic policy is Local, and it has no endpoint on this node (K14, K17).</summary>
    ServiceNoLocalEndpoints = 40,

    /// <summary>The source is not among those that may use the service's load balancer address (K12).</summary>
    ServiceSourceDenied = 41,

    /// <summary>Leaving the cluster needs another source, but the protocol has no port to tell flows apart.</summary>
    NatProtocolUnsupported = 42,

    /// <summary>Answered with RST: the other end of the TCP connection is gone (K25).</summary>
    ConnectionOrphaned = 43,

    /// <summary>Neighbour or listener discovery of IPv6 that needs no answer: router solicitations, reports, duplicate address detection.</summary>
    NeighborDiscoveryIgnored = 44,

    /// <summary>A neighbour solicitation that is cut short, fragmented or damaged, or cannot come from its link.</summary>
    NeighborDiscoveryInvalid = 45,
}
