using System.Text.RegularExpressions;

namespace Dataplane.Architecture.Tests.Rules;

/// <summary>Documents that list things: every thing has a row "| `name` |" and every row is a thing.</summary>
internal static partial class ListRules
{
    public static IEnumerable<string> Violations(string path, string markdown, IReadOnlyCollection<string> things)
    {
        var rows = Row().Matches(markdown).Select(row => row.Groups["name"].Value).ToList();
        return things.Except(rows).Select(name => $"{name} missing in {path}")
            .Concat(rows.Except(things).Select(name => $"{path} lists {name}, which there is not"))
            .Concat(rows.GroupBy(name => name).Where(same => same.Count() > 1).Select(same => $"{path} lists {same.Key} twice"));
    }

    [GeneratedRegex(@"^\|\s*`(?<name>[^`]+)`\s*\|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
