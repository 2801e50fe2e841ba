using System.Reflection;

namespace Dataplane.Control.Telemetry;

/// <summary>
/// What each drop reason means and what to check: the text of docs/drop-reasons.md, which is embedded and so cannot differ, without its marks of
/// what is code.
/// </summary>
internal static class DropDescriptions
{
    private static readonly Dictionary<string, string> Texts = Load();

    /// <summary>The text for a reason; empty when the page has none (a test sees to it that it has).</summary>
    public static string Of(DropReason reason) => Texts.GetValueOrDefault(reason.ToString(), "");

    // Rows look like: | `Name` | cause | what to check |
    private static Dictionary<string, string> Load()
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("drop-reasons.md")!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            var cells = line.Split('|');
            if (cells.Length < 5 || !cells[1].Trim().StartsWith('`')) continue;
            texts[cells[1].Trim().Trim('`')] = $"{cells[2].Trim()} {cells[3].Trim()}".Replace("`", "", StringComparison.Ordinal);
        }
        return texts;
    }
}
