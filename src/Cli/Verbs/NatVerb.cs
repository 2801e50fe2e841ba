using System.CommandLine;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>"dpctl nat": the tracked flows whose addresses or ports are rewritten.</summary>
internal static class NatVerb
{
    /// <summary>Makes the verb with list.</summary>
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
        };
    }
}
