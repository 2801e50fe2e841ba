using System.CommandLine;
using Dataplane.Cli.Output;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>"dpctl observe": new flows and drops as they happen.</summary>
internal static class ObserveVerb
{
    /// <summary>Makes the verb.</summary>
    public static Command Create(VerbRunner runner)
    {
        var drops = new Option<bool>("--drops") { Description = "Only drops" };
        var flows = new Option<bool>("--flows") { Description = "Only new flows" };
        var pod = PodOption.Create("Only events of this pod, on either side");
        var address = AddressOption.Create("Only events with this address, on either side");
        var number = NumberOption.Create("Stop after this many events; 0: at Ctrl-C", ulong.MaxValue, "--number", "-n");
        var command = new Command("observe", "Stream new flows and drops, one line each, until Ctrl-C") { drops, flows, pod, address, number };
        command.Validators.Add(result =>
        {
            if (result.GetValue(drops) && result.GetValue(flows))
                result.AddError("--drops and --flows exclude each other; leave both out to see everything");
        });
        return runner.BindStream(command, (context, cancel) => StreamAsync(
            context,
            new WatchFlowsRequest
            {
                Show = context.Arguments.GetValue(drops) ? WatchFlowsRequest.Types.Show.Drops
                    : context.Arguments.GetValue(flows) ? WatchFlowsRequest.Types.Show.Flows
                    : WatchFlowsRequest.Types.Show.All,
                Pod = context.Arguments.GetValue(pod) ?? "",
                Address = context.Arguments.GetValue(address) ?? "",
                MaxEvents = context.Arguments.GetValue(number),
            },
            cancel));
    }

    private static async Task<int> StreamAsync(VerbContext context, WatchFlowsRequest request, CancellationToken cancel)
    {
        try
        {
            await foreach (var flow in context.Control.WatchFlowsAsync(request, cancel).WithCancellation(cancel))
            {
                if (flow.Lost > 0)
                    context.Host.Error.WriteLine($"dpctl: {flow.Lost} events lost: too many for this reader; filter by --pod, --address or --drops");
                context.Output.Write(context.Format switch
                {
                    OutputFormat.Json => JsonText.Line(flow) + "\n",
                    OutputFormat.Yaml => "---\n" + YamlText.FromJson(JsonText.Line(flow)),
                    _ => FlowLine.Format(flow, context.Host.TimeZone) + "\n",
                });
                // A person or a pipe is waiting for each line.
                await context.Output.FlushAsync(CancellationToken.None);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Ctrl-C is how a stream ends.
        }
        return ExitCode.Success;
    }
}
