using System.CommandLine;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.Cli.Output;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>"dpctl version": versions of dpctl and of the running dataplane.</summary>
internal static class VersionVerb
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Makes the verb.</summary>
    public static Command Create(VerbRunner runner) =>
        runner.Bind(new Command("version", "Versions of dpctl and of the running dataplane"), async (context, cancel) =>
        {
            var dataplane = await context.Control.GetVersionAsync(new GetVersionRequest(), cancel);
            if (context.Format == OutputFormat.Table)
            {
                context.Output.Write($"dpctl:     {OfDpctl}\n");
                context.Output.Write($"dataplane: {dataplane.Version_}\n");
                context.Output.Write($"runtime:   {dataplane.Runtime}\n");
                context.Output.Write($"kernel:    {dataplane.Kernel}\n");
            }
            else
            {
                // The dataplane's own fields, and before them what it cannot know.
                var document = JsonNode.Parse(JsonText.Document(dataplane))!.AsObject();
                document.Insert(0, "dpctl", OfDpctl);
                context.PrintJson(document.ToJsonString(Indented));
            }
            return ExitCode.Success;
        });

    /// <summary>Version of this program.</summary>
    public static string OfDpctl { get; } =
        typeof(VersionVerb).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}
