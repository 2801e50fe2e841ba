using System.CommandLine;
using System.Reflection;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>"dpctl version": versions of dpctl and of the running dataplane.</summary>
internal static class VersionVerb
{
    /// <summary>Makes the verb.</summary>
    public static Command Create(VerbRunner runner) =>
        runner.Bind(new Command("version", "Versions of dpctl and of the running dataplane"), async (context, cancel) =>
        {
            var dataplane = await context.Control.GetVersionAsync(new GetVersionRequest(), cancel);
            context.Print(dataplane, output =>
            {
                output.Write($"dpctl:     {OfDpctl}\n");
                output.Write($"dataplane: {dataplane.Version_}\n");
                output.Write($"runtime:   {dataplane.Runtime}\n");
                output.Write($"kernel:    {dataplane.Kernel}\n");
            });
            return ExitCode.Success;
        });

    /// <summary>Version of this program.</summary>
    public static string OfDpctl { get; } =
        typeof(VersionVerb).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}
