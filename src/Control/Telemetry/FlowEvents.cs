using Dataplane.Contracts.V1;
using Dataplane.Control.Apply;
using Dataplane.Packets;
using Dataplane.Telemetry;

namespace Dataplane.Control.Telemetry;

/// <summary>Flow records as messages, with the names that this node knows.</summary>
internal static class FlowEvents
{
    public static FlowEvent Make(in FlowRecord record, NodeRuntime node)
    {
        var names = node.Names;
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
            Protocol = FlowText.Protocol(record.Tuple.Protocol),
            ProtocolNumber = record.Tuple.Protocol,
            Source = record.Tuple.Protocol == 0 ? "" : record.Tuple.Source.ToString(),
            SourcePort = record.Tuple.SourcePort.Value,
            Destination = record.Tuple.Protocol == 0 ? "" : record.Tuple.Destination.ToString(),
            DestinationPort = record.Tuple.DestinationPort.Value,
            SourceIdentity = record.SourceIdentity,
            DestinationIdentity = record.DestinationIdentity,
            SourcePod = names.PodOf(record.Tuple.Source),
            DestinationPod = names.PodOf(record.Tuple.Destination),
            TcpFlags = record.TcpFlags,
            InPort = node.Engine.PortById(record.InPort)?.Name ?? "",
            OutPort = node.Engine.PortById(record.OutPort)?.Name ?? "",
            Length = (uint)record.Length,
            Node = node.Options.NodeName,
            Service = names.ServiceOf(record.Tuple.Destination, record.Tuple.DestinationPort.Value, record.Tuple.Protocol),
        };
        if (!record.Translated.Destination.IsZero && record.Translated.Destination != record.Tuple.Destination)
        {
            flow.Backend = record.Translated.Destination.ToString();
            flow.BackendPort = record.Translated.DestinationPort.Value;
            flow.DestinationPod = names.PodOf(record.Translated.Destination);
        }
        return flow;
    }
}
