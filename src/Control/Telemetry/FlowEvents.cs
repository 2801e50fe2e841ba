using Dataplane.Contracts.V1;
using Dataplane.Packets;
using Dataplane.Telemetry;

namespace Dataplane.Control.Telemetry;

/// <summary>Flow records as messages, with the names that this node knows.</summary>
/// <param name="node">This node's name.</param>
/// <param name="portName">Name of a port by its number; empty for one that is gone.</param>
internal sealed class FlowEvents(string node, Func<ushort, string> portName)
{
    /// <summary>Makes the message of a record.</summary>
    public FlowEvent Make(in FlowRecord record, NameIndex names)
    {
        var flow = new FlowEvent
        {
            Time = (ulong)record.Time,
            Verdict = record.Verdict switch
            {
                VerdictKind.Drop => FlowEvent.Types.Verdict.Dropped,
                VerdictKind.Reply when record.Reason != DropReason.None => FlowEvent.Types.Verdict.Rejected,
                _ => FlowEvent.Types.Verdict.Forwarded,
            },
            DropReason = record.Reason == DropReason.None ? "" : record.Reason.ToString(),
            Direction = FlowText.Direction(record.Direction),
            TcpFlags = record.TcpFlags,
            InPort = portName(record.InPort),
            OutPort = portName(record.OutPort),
            Length = (uint)record.Length,
            Node = node,
        };
        if (record.Tuple.Protocol != 0) SetAddresses(flow, record, names);
        return flow;
    }

    private static void SetAddresses(FlowEvent flow, in FlowRecord record, NameIndex names)
    {
        var tuple = record.Tuple;
        flow.Protocol = FlowText.Protocol(tuple.Protocol);
        flow.ProtocolNumber = tuple.Protocol;
        flow.Source = tuple.Source.ToString();
        flow.SourcePort = tuple.SourcePort.Value;
        flow.SourcePod = names.PodOf(tuple.Source);
        flow.Destination = tuple.Destination.ToString();
        flow.DestinationPort = tuple.DestinationPort.Value;
        flow.Service = names.ServiceOf(tuple.Destination, tuple.DestinationPort.Value, tuple.Protocol);
        // A packet that died early was not asked for identities. Whose a spoofed source is would be a false accusation.
        flow.SourceIdentity = record.SourceIdentity != 0 || record.Reason == DropReason.SourceSpoofed ? record.SourceIdentity : names.IdentityOf(tuple.Source);

        var end = tuple.Destination;
        if (!record.Translated.Destination.IsZero) end = Translate(flow, record);
        if (record.Reason == DropReason.PolicyDenied)
            flow.DeniedBy.AddRange(names.PoliciesOf(record.Direction == TrafficDirection.Egress ? tuple.Source : end, record.Direction));
        flow.DestinationIdentity = record.DestinationIdentity;
        if (flow.Service.Length > 0 && flow.Backend.Length == 0) return; // to a service, and to nobody: a node port's address is not the node
        flow.DestinationPod = names.PodOf(end);
        if (record.DestinationIdentity == 0) flow.DestinationIdentity = names.IdentityOf(end);
    }

    // The addresses by which the packet left, as far as they are others; returns the destination's.
    private static IPv6Address Translate(FlowEvent flow, in FlowRecord record)
    {
        var (tuple, translated) = (record.Tuple, record.Translated);
        if (translated.Destination != tuple.Destination)
        {
            flow.Backend = translated.Destination.ToString();
            flow.BackendPort = translated.DestinationPort.Value;
        }
        if (translated.Source != tuple.Source || translated.SourcePort.Value != tuple.SourcePort.Value)
        {
            flow.MasqueradedSource = translated.Source.ToString();
            flow.MasqueradedSourcePort = translated.SourcePort.Value;
        }
        return translated.Destination;
    }
}
