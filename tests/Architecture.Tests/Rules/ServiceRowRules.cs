using System.Globalization;
using System.Text.RegularExpressions;

namespace Dataplane.Architecture.Tests.Rules;

/// <summary>
/// The table of docs/services.md: every row of kube-proxy's behaviour has tests, which carry its number in their names, and every test that
/// carries a number stands in that row, by its name or as one of its class: `ClassTests.*`.
/// </summary>
internal static partial class ServiceRowRules
{
    public const int Rows = 38;

    private const string AllOfClass = ".*";

    /// <param name="path">Path of the document.</param>
    /// <param name="markdown">Its text.</param>
    /// <param name="tests">All test methods: class and name.</param>
    public static IEnumerable<string> Violations(string path, string markdown, IReadOnlyCollection<(string Class, string Name)> tests)
    {
        var known = tests.Select(test => test.Name).ToHashSet();
        var ofRow = tests.SelectMany(test => NumbersOf(test.Name).Select(row => (Row: row, Test: test))).ToLookup(t => t.Row, t => t.Test);
        var table = Row().Matches(markdown).ToLookup(row => int.Parse(row.Groups["number"].Value, CultureInfo.InvariantCulture), row => row.Groups["tests"].Value);
        for (int number = 1; number <= Rows; number++)
        {
            if (table[number].Count() != 1)
            {
                yield return $"{path}: the table has {table[number].Count()} rows K{number}";
                continue;
            }
            var listed = Name().Matches(table[number].Single()).Select(name => name.Groups["name"].Value).ToList();
            if (listed.Count == 0)
                yield return $"{path}: row K{number} names no test";
            var classes = ofRow[number].Select(test => test.Class + AllOfClass).ToHashSet();
            foreach (string test in listed.Where(test => !known.Contains(test) && !classes.Contains(test)))
                yield return $"{path}: row K{number} names {test}, which there is not";
            foreach (string test in listed.Where(test => known.Contains(test) && !NumbersOf(test).Contains(number)))
                yield return $"{path}: row K{number} names {test}, which does not carry that number";
            foreach (string test in ofRow[number].Where(test => !listed.Contains(test.Class + AllOfClass)).Select(test => test.Name).Distinct().Except(listed).Order(StringComparer.Ordinal))
                yield return $"{path}: row K{number} lacks {test}";
        }
        foreach (var stranger in ofRow.Where(row => row.Key is < 1 or > Rows))
            yield return $"{stranger.First().Name}: there is no row K{stranger.Key} in {path}";
    }

    // K8_K15_...: of both rows.
    private static IEnumerable<int> NumbersOf(string test) =>
        Numbers().Match(test).Groups["number"].Captures.Select(number => int.Parse(number.Value, CultureInfo.InvariantCulture));

    [GeneratedRegex(@"^\| K(?<number>\d+) \|.*\|(?<tests>[^|]*)\|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("`(?<name>[^`]+)`")]
    private static partial Regex Name();

    [GeneratedRegex(@"^(?:K(?<number>\d+)_)+")]
    private static partial Regex Numbers();
}
