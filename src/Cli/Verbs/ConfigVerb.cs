using System.CommandLine;
using Dataplane.Cli.Output;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>"dpctl config": the options in force and where each value comes from.</summary>
internal static class ConfigVerb
{
    /// <summary>Makes the verb.</summary>
    public static Command Create(VerbRunner runner) =>
        runner.Bind(new Command("config", "Options in force, and where each value comes from"), async (context, cancel) =>
        {
            var config = await context.Control.GetConfigAsync(new GetConfigRequest(), cancel);
            context.Print(config, output =>
            {
                var table = new TextTable("KEY", "VALUE", "SOURCE");
                foreach (var option in config.Options)
                    table.Add(option.Key, Words.OrDash(option.Value), option.Source);
                table.WriteTo(output);
            });
            return ExitCode.Success;
        });
}
