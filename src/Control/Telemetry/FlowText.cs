using Dataplane.Conntrack;
using Dataplane.Contracts.V1;
using Dataplane.Packets;
using ConntrackEntry = Dataplane.Contracts.V1.ConntrackEntry;

namespace Dataplane.Control.Telemetry;

/// <summary>Flows as messages.</summary>
internal static class FlowText
{
    /// <summary>A protocol number as the contract has it; any for those it has no name for.</summary>
    public static Protocol Protocol(byte number) => number switch
    {
        6 => Contracts.V1.Protocol.Tcp,
        17 => Contracts.V1.Protocol.Udp,
        132 => Contracts.V1.Protocol.Sctp,
        1 or 58 => Contracts.V1.Protocol.Icmp,
        _ => Contracts.V1.Protocol.Any,
    };

    /// <summary>"ingress", "egress" or "none".</summary>
    public static string Direction(TrafficDirection direction) => direction switch
    {
        TrafficDirection.Ingress => "ingress",
        TrafficDirection.Egress => "egress",
        _ => "none",
    };

    /// <summary>"SYN_SENT", "ESTABLISHED" and so on.</summary>
    public static string State(FlowState state) => state switch
    {
        FlowState.SynSent => "SYN_SENT",
        FlowState.SynReceived => "SYN_RECEIVED",
        FlowState.FinWait => "FIN_WAIT",
        FlowState.TimeWait => "TIME_WAIT",
        _ => state.ToString().ToUpperInvariant(),
    };

    /// <summary>A row of the conntrack dump.</summary>
    public static ConntrackEntry Entry<TAddress>(in ConntrackEntry<TAddress> e, uint expires)
        where TAddress : unmanaged, IIpAddress<TAddress> => new()
    {
        Protocol = Protocol(e.Original.Protocol),
        ProtocolNumber = e.Original.Protocol,
        Source = e.Original.Source.ToString(),
        SourcePort = e.Original.SourcePort.Value,
        Destination = e.Original.Destination.ToString(),
        DestinationPort = e.Original.DestinationPort.Value,
        ReplySource = e.Reply.Source.ToString(),
        ReplySourcePort = e.Reply.SourcePort.Value,
        ReplyDestination = e.Reply.Destination.ToString(),
        ReplyDestinationPort = e.Reply.DestinationPort.Value,
        State = State(e.State),
        ExpiresSeconds = expires,
        Packets = e.OriginalPackets,
        Bytes = e.OriginalBytes,
        ReplyPackets = e.ReplyPackets,
        ReplyBytes = e.ReplyBytes,
        SourceIdentity = e.SourceIdentity,
        DestinationIdentity = e.DestinationIdentity,
        Revision = e.OriginalAction.Revision,
    };
}
