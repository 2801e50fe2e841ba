using Dataplane.Cli.Output;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>One line per flow, in the manner of "bpf ct list": a million flows are printed while they arrive.</summary>
internal static class ConntrackListing
{
    /// <summary>Prints the flows in the context's format.</summary>
    public static async Task<int> PrintAsync(VerbContext context, IAsyncEnumerable<ConntrackEntry> flows, CancellationToken cancel)
    {
        if (context.Format != OutputFormat.Table)
        {
            await context.PrintListAsync(flows, _ => new TextTable(), cancel);
            return ExitCode.Success;
        }
        await foreach (var flow in flows.WithCancellation(cancel))
            context.Output.Write(Line(flow) + "\n");
        return ExitCode.Success;
    }

    /// <summary>Whether the reply comes in as anything but the mirrored first packet.</summary>
    public static bool IsTranslated(ConntrackEntry flow) =>
        flow.ReplySource != flow.Destination || flow.ReplySourcePort != flow.DestinationPort ||
        flow.ReplyDestination != flow.Source || flow.ReplyDestinationPort != flow.SourcePort;

    private static string Line(ConntrackEntry flow)
    {
        // An echo's identifier takes the place of all ports; it is no port to people.
        bool icmp = flow.Protocol == Protocol.Icmp;
        string Side(string address, uint port) => Words.AddressPort(address, icmp ? 0 : port);
        string id = icmp && flow.SourcePort != 0 ? $" id={flow.SourcePort}" : "";
        string tuple = $"{Side(flow.Source, flow.SourcePort)} -> {Side(flow.Destination, flow.DestinationPort)}";
        string reply = IsTranslated(flow)
            ? $" reply {Side(flow.ReplySource, flow.ReplySourcePort)} -> {Side(flow.ReplyDestination, flow.ReplyDestinationPort)}"
            : "";
        return $"{Words.Protocol(flow.Protocol, flow.ProtocolNumber)} {tuple}{id}{reply} {flow.State}" +
            $" expires={flow.ExpiresSeconds} Packets={flow.Packets} Bytes={flow.Bytes}" +
            $" ReplyPackets={flow.ReplyPackets} ReplyBytes={flow.ReplyBytes}" +
            $" SourceSecurityID={flow.SourceIdentity} DestinationSecurityID={flow.DestinationIdentity} Revision={flow.Revision}";
    }
}
