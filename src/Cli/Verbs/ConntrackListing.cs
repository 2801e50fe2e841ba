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
        string source = Words.AddressPort(flow.Source, flow.SourcePort);
        string destination = Words.AddressPort(flow.Destination, flow.DestinationPort);
        string reply = IsTranslated(flow)
            ? $" reply {Words.AddressPort(flow.ReplySource, flow.ReplySourcePort)} -> " +
              Words.AddressPort(flow.ReplyDestination, flow.ReplyDestinationPort)
            : "";
        return $"{Words.Protocol(flow.Protocol, flow.ProtocolNumber)} {source} -> {destination}{reply} {flow.State}" +
            $" expires={flow.ExpiresSeconds} Packets={flow.Packets} Bytes={flow.Bytes}" +
            $" ReplyPackets={flow.ReplyPackets} ReplyBytes={flow.ReplyBytes}" +
            $" SourceSecurityID={flow.SourceIdentity} DestinationSecurityID={flow.DestinationIdentity} Revision={flow.Revision}";
    }
}
