using System.CommandLine;
using System.Globalization;
using Dataplane.Cli.Output;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>"dpctl nat": the tracked flows whose addresses or ports are rewritten, and the source ports they have left.</summary>
internal static class NatVerb
{
    /// <summary>Makes the verb with list and ports.</summary>
    public static Command Create(VerbRunner runner)
    {
        var address = AddressOption.Create("Only flows with this address on either side");
        var list = new Command("list", "List tracked connections whose addresses or ports are rewritten") { address };
        return new Command("nat", "Translated connections")
        {
            runner.BindStream(list, (context, cancel) =>
            {
                var request = new ListConntrackRequest { Address = context.Arguments.GetValue(address) ?? "" };
                var flows = context.Control.ListConntrackAsync(request, cancel).Where(ConntrackListing.IsTranslated);
                return ConntrackListing.PrintAsync(context, flows, cancel);
            }),
            runner.Bind(new Command("ports", "Source ports of masqueraded connections: how many are in use, of how many"), PortsAsync),
        };
    }

    private static async Task<int> PortsAsync(VerbContext context, CancellationToken cancel)
    {
        var status = await context.Control.GetStatusAsync(new GetStatusRequest(), cancel);
        var ports = status.NatPorts ?? new Status.Types.NatPorts();
        context.Print(ports, output =>
        {
            var (used, size) = NatPortUse.Of(status.NatPorts);
            var table = new TextTable("RANGE", "PORTS", "MOST USED", "USED", "GROUPS");
            table.Add($"{ports.First}-{ports.Last}", $"{size}", $"{used} ({Words.Percent(used, size)})", ports.Used.ToString(CultureInfo.InvariantCulture), $"{ports.Groups}");
            table.WriteTo(output);
        });
        return ExitCode.Success;
    }
}
