using System.CommandLine;
using System.Text.Json;
using Dataplane.Cli.Output;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>"dpctl check": judges what "status" and the lists only show; exit code 1 when anything is wrong.</summary>
internal static class CheckVerb
{
    private const int Indent = 6; // characters

    /// <summary>Makes the verb.</summary>
    public static Command Create(VerbRunner runner) =>
        runner.Bind(new Command("check", "Judge the dataplane's health; exit code 1 when something is wrong"), async (context, cancel) =>
        {
            var status = await context.Control.GetStatusAsync(new GetStatusRequest(), cancel);
            var endpoints = await context.Control.ListEndpointsAsync(new ListRequest(), cancel).ToListAsync(cancel);
            var nodes = await context.Control.ListNodesAsync(new ListRequest(), cancel).ToListAsync(cancel);
            var findings = HealthChecks.Judge(status, endpoints, nodes);
            if (context.Format == OutputFormat.Table)
                foreach (var finding in findings)
                    context.Output.Write($"{(finding.Healthy ? "ok" : "FAIL"),-Indent}{Words.Wrap($"{finding.Subject}: {finding.Detail}", Words.LineWidth - Indent, Indent)}\n");
            else
                context.PrintJson(JsonSerializer.Serialize(findings, Indented));
            return findings.All(finding => finding.Healthy) ? ExitCode.Success : ExitCode.Failure;
        });

    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };
}
