using System.CommandLine;
using Dataplane.Cli.Output;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>"dpctl port": the AF_XDP sockets, how they are bound and what they carried.</summary>
internal static class PortVerb
{
    /// <summary>Makes the verb with list.</summary>
    public static Command Create(VerbRunner runner) => new("port", "AF_XDP ports: how they are bound and what they carried")
    {
        ListVerb.Create(runner, "List ports with their modes and counters", (control, cancel) => control.ListPortsAsync(new ListRequest(), cancel), Table),
    };

    /// <summary>The table, which "status" shows too.</summary>
    public static TextTable Table(IReadOnlyList<PortEntry> ports)
    {
        var table = new TextTable(
            "ID", "NAME", "KIND", "IFINDEX", "QUEUE", "MTU", "XDP", "BIND", "TX CSUM", "SG", "WORKER",
            "RX PACKETS", "RX BYTES", "TX PACKETS", "TX BYTES", "RX DROPPED", "FILL EMPTY", "RX FULL", "TX ERRORS");
        foreach (var port in ports)
            table.Add(
                $"{port.Id}", port.Name, port.Kind, $"{port.Ifindex}", $"{port.Queue}", $"{port.Mtu}",
                Words.OrDash(port.XdpMode), Words.OrDash(port.BindMode),
                port.TxMetadata ? "offload" : "software", port.MultiBuffer ? "yes" : "no", $"{port.Worker}",
                $"{port.RxPackets}", $"{port.RxBytes}", $"{port.TxPackets}", $"{port.TxBytes}",
                $"{port.RxDropped}", $"{port.RxFillEmpty}", $"{port.RxRingFull}", $"{port.TxErrors}");
        return table;
    }
}
