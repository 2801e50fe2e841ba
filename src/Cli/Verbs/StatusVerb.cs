using System.CommandLine;
using Dataplane.Cli.Output;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>"dpctl status": whether the dataplane works, what it found on this machine, and how full it is.</summary>
internal static class StatusVerb
{
    /// <summary>Makes the verb.</summary>
    public static Command Create(VerbRunner runner) =>
        runner.Bind(new Command("status", "Readiness, features in use, ports, workers and table sizes"), async (context, cancel) =>
        {
            var status = await context.Control.GetStatusAsync(new GetStatusRequest(), cancel);
            context.Print(status, output => StatusReport.Write(status, output));
            return ExitCode.Success;
        });
}
