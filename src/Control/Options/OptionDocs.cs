using System.Text;

namespace Dataplane.Control.Options;

/// <summary>Writes the options for people: the help of <c>dataplane run</c> and the table of docs/configuration.md.</summary>
public static class OptionDocs
{
    /// <summary>The table of docs/configuration.md, in Markdown.</summary>
    public static string Table()
    {
        var table = new StringBuilder("| key | unit or form | default | meaning |\n| --- | --- | --- | --- |\n");
        foreach (var option in OptionTable.All)
            table.Append($"| `{option.Key}` | {option.Unit} | {(option.Default is null ? "required" : $"`{option.Default}`")} | {option.Doc} |\n");
        return table.ToString();
    }

    /// <summary>The text of <c>dataplane run --help</c>.</summary>
    public static string Help()
    {
        var help = new StringBuilder("Usage: dataplane run [--config FILE] [--KEY VALUE]...\n\nFILE holds the same keys, as YAML or JSON; a flag wins over the file.\n\n");
        foreach (var option in OptionTable.All)
        {
            help.Append($"  --{option.Key} <{option.Unit}>{(option.Default is null ? "  (required)" : $"  (default {option.Default})")}\n");
            help.Append($"      {option.Doc}\n");
        }
        return help.ToString();
    }
}
