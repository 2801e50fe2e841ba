using System.CommandLine;
using Dataplane.Contracts.Grpc;
using Dataplane.Cli.Output;

namespace Dataplane.Cli;

/// <summary>The options that every verb takes, before or after the verb.</summary>
internal sealed class GlobalOptions
{
    private const string DefaultControl = "unix:///run/dataplane/control.sock";
    private const string UnixScheme = "unix://";

    /// <summary>Where the dataplane listens.</summary>
    public Option<string> Control { get; } = new("--control")
    {
        Description = "Control socket of the dataplane",
        HelpName = "unix:///PATH",
        DefaultValueFactory = _ => DefaultControl,
        Recursive = true,
    };

    /// <summary>How answers are printed, given before the verb.</summary>
    public Option<string> Output { get; } = OutputOption();

    /// <summary>
    /// The same, given after the verb. It is not simply recursive because "capture" has an -o of its own, and its help
    /// should not show two.
    /// </summary>
    public Option<string> VerbOutput { get; } = OutputOption();

    public GlobalOptions()
    {
        Control.Validators.Add(result =>
        {
            try
            {
                UnixSocketAddress.ParsePath(Complete(result.GetValueOrDefault<string>()));
            }
            catch (ArgumentException problem)
            {
                result.AddError($"--control {problem.Message}");
            }
        });
    }

    /// <summary>The format chosen on a command line that parsed without errors.</summary>
    public OutputFormat FormatOf(ParseResult arguments)
    {
        bool afterVerb = arguments.GetResult(VerbOutput) is { Implicit: false };
        string name = arguments.GetValue(afterVerb ? VerbOutput : Output)!;
        return TryParseFormat(name, out OutputFormat format) ? format : OutputFormat.Table;
    }

    /// <summary>The address chosen on a command line that parsed without errors.</summary>
    public string AddressOf(ParseResult arguments) => Complete(arguments.GetValue(Control)!);

    /// <summary>People paste bare paths.</summary>
    private static string Complete(string control) => control.StartsWith('/') ? UnixScheme + control : control;

    private static Option<string> OutputOption()
    {
        var option = new Option<string>("--output", "-o")
        {
            Description = "Output format",
            HelpName = "table|json|yaml",
            DefaultValueFactory = _ => "table",
        };
        option.Validators.Add(result =>
        {
            string name = result.GetValueOrDefault<string>();
            if (!TryParseFormat(name, out _))
                result.AddError($"--output {name}: no such format; use table, json or yaml");
        });
        return option;
    }

    private static bool TryParseFormat(string name, out OutputFormat format)
    {
        format = name switch { "json" => OutputFormat.Json, "yaml" => OutputFormat.Yaml, _ => OutputFormat.Table };
        return name is "table" or "json" or "yaml";
    }
}
