using System.Globalization;
using Dataplane.Cli.Output;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>
/// One flow event on one line, close to what "hubble observe -o compact" prints:
/// <c>Jan 26 09:07:03.396: ns/pod:port (ID:17) -> ns/pod:port (ID:18) FORWARDED (TCP Flags: SYN)</c>. A masqueraded source follows the
/// true one as <c>(as address:port)</c>.
/// </summary>
internal static class FlowLine
{
    private static readonly string[] FlagNames = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"];

    /// <summary>Renders the event; its time in <paramref name="zone"/>, to the millisecond.</summary>
    public static string Format(FlowEvent flow, TimeZoneInfo zone)
    {
        string arrow = flow.Verdict == FlowEvent.Types.Verdict.Forwarded ? "->" : "<>";
        return $"{Time(flow.Time, zone)}: {Source(flow)} {arrow} {Destination(flow)}{ServiceNote(flow)} {Verdict(flow)} ({L4(flow)})";
    }

    private static string Time(ulong unixNanoseconds, TimeZoneInfo zone)
    {
        var utc = DateTimeOffset.UnixEpoch.AddTicks((long)(unixNanoseconds / TimeSpan.NanosecondsPerTick));
        return TimeZoneInfo.ConvertTime(utc, zone).ToString("MMM dd HH:mm:ss.fff", CultureInfo.InvariantCulture);
    }

    private static string Source(FlowEvent flow) => flow.Source.Length == 0
        ? $"port {flow.InPort}"
        : Side(flow.SourcePod, flow.Source, Port(flow, flow.SourcePort), flow.SourceIdentity) + MasqueradeNote(flow);

    private static string MasqueradeNote(FlowEvent flow) => flow.MasqueradedSource.Length == 0
        ? ""
        : $" (as {Words.AddressPort(flow.MasqueradedSource, Port(flow, flow.MasqueradedSourcePort))})";

    /// <summary>Where the packet really goes: the backend, if it was addressed to a service.</summary>
    private static string Destination(FlowEvent flow) =>
        flow.Destination.Length == 0 ? "unknown"
        : flow.Backend.Length > 0 ? Side(flow.DestinationPod, flow.Backend, flow.BackendPort, flow.DestinationIdentity)
        : Side(flow.DestinationPod, flow.Destination, Port(flow, flow.DestinationPort), flow.DestinationIdentity);

    /// <summary>An echo's identifier takes the place of both ports; it is no port to people.</summary>
    private static uint Port(FlowEvent flow, uint port) => flow.Protocol == Protocol.Icmp ? 0 : port;

    private static string Side(string pod, string address, uint port, uint identity)
    {
        string name = pod.Length == 0 ? Words.AddressPort(address, port) : port == 0 ? pod : $"{pod}:{port}";
        return identity == 0 ? name : $"{name} (ID:{Words.Identity(identity)})";
    }

    private static string ServiceNote(FlowEvent flow)
    {
        if (flow.Backend.Length == 0) // the frontend is shown as the destination
            return flow.Service.Length == 0 ? "" : $" (service {flow.Service})";
        string frontend = Words.AddressPort(flow.Destination, flow.DestinationPort);
        return flow.Service.Length == 0 ? $" (service {frontend})" : $" (service {flow.Service} {frontend})";
    }

    private static string Verdict(FlowEvent flow)
    {
        string verdict = flow.Verdict switch
        {
            FlowEvent.Types.Verdict.Forwarded => "FORWARDED",
            FlowEvent.Types.Verdict.Dropped => "DROPPED",
            FlowEvent.Types.Verdict.Rejected => "REJECTED",
            _ => "UNKNOWN",
        };
        string direction = flow.Direction is "" or "none" ? "" : flow.Direction + " ";
        string by = flow.DeniedBy.Count == 0 ? "" : " by " + string.Join(", ", flow.DeniedBy);
        return flow.DropReason.Length == 0 ? direction + verdict : $"{direction}{flow.DropReason} {verdict}{by}";
    }

    private static string L4(FlowEvent flow)
    {
        string protocol = flow.Source.Length == 0 ? $"{flow.Length} bytes" : Words.Protocol(flow.Protocol, flow.ProtocolNumber);
        return flow.Protocol switch
        {
            Protocol.Tcp when flow.TcpFlags != 0 => $"{protocol} Flags: {Flags(flow.TcpFlags)}",
            Protocol.Icmp when flow.SourcePort != 0 => $"{protocol} id {flow.SourcePort}",
            _ => protocol,
        };
    }

    private static string Flags(uint flags) =>
        string.Join(", ", FlagNames.Where((_, bit) => (flags & (1u << bit)) != 0));
}
