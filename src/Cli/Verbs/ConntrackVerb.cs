using System.CommandLine;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>"dpctl ct": the flows being tracked.</summary>
internal static class ConntrackVerb
{
    /// <summary>Makes the verb with list and flush.</summary>
    public static Command Create(VerbRunner runner) => new("ct", "Tracked connections")
    {
        List(runner),
        Flush(runner),
    };

    private static Command List(VerbRunner runner)
    {
        var address = AddressOption.Create("Only flows with this address on either side");
        var command = new Command("list", "List flows: the tuple of the first packet, and of the reply where NAT changed it") { address };
        return runner.BindStream(command, (context, cancel) => ConntrackListing.PrintAsync(
            context,
            context.Control.ListConntrackAsync(new ListConntrackRequest { Address = context.Arguments.GetValue(address) ?? "" }, cancel),
            cancel));
    }

    private static Command Flush(VerbRunner runner)
    {
        var address = AddressOption.Create("Only flows with this address on either side; without it, all flows");
        var command = new Command("flush", "Forget flows; their next packets are judged anew") { address };
        return runner.Bind(command, async (context, cancel) =>
        {
            var request = new FlushConntrackRequest { Address = context.Arguments.GetValue(address) ?? "" };
            var response = await context.Control.FlushConntrackAsync(request, cancel);
            context.Print(response, output => output.Write($"{response.Removed} flows removed\n"));
            return ExitCode.Success;
        });
    }
}
