using System.Globalization;
using System.Text.RegularExpressions;

namespace Dataplane.Architecture.Tests.Rules;

/// <summary>
/// The table of requirement rows in a document: every row has tests, which carry its letter and number in their names, and every test that
/// carries them stands in that row, by its name or as one of its class: `ClassTests.*`.
/// </summary>
/// <param name="letter">The letter of the rows: K for services, P for policies.</param>
/// <param name="rows">How many there are.</param>
internal sealed partial class RequirementRowRules(char letter, int rows)
{
    private const string AllOfClass = ".*";

    /// <summary>kube-proxy's behaviour, in docs/services.md.</summary>
    public static RequirementRowRules Services { get; } = new('K', 38);

    /// <summary>NetworkPolicy, in docs/policy.md.</summary>
    public static RequirementRowRules Policies { get; } = new('P', 38);

    /// <summary>How many rows there are.</summary>
    public int Rows => rows;

    /// <param name="path">Path of the document.</param>
    /// <param name="markdown">Its text.</param>
    /// <param name="tests">All test methods: class and name.</param>
    public IEnumerable<string> Violations(string path, string markdown, IReadOnlyCollection<(string Class, string Name)> tests)
    {
        var known = tests.Select(test => test.Name).ToHashSet();
        var ofRow = tests.SelectMany(test => NumbersOf(test.Name).Select(row => (Row: row, Test: test))).ToLookup(t => t.Row, t => t.Test);
        var table = Row().Matches(markdown).Where(row => row.Groups["letter"].Value[0] == letter)
            .ToLookup(row => int.Parse(row.Groups["number"].Value, CultureInfo.InvariantCulture), row => row.Groups["tests"].Value);
        for (int number = 1; number <= rows; number++)
        {
            if (table[number].Count() != 1)
            {
                yield return $"{path}: the table has {table[number].Count()} rows {letter}{number}";
                continue;
            }
            var listed = Name().Matches(table[number].Single()).Select(name => name.Groups["name"].Value).ToList();
            if (listed.Count == 0)
                yield return $"{path}: row {letter}{number} names no test";
            var classes = ofRow[number].Select(test => test.Class + AllOfClass).ToHashSet();
            foreach (string test in listed.Where(test => !known.Contains(test) && !classes.Contains(test)))
                yield return $"{path}: row {letter}{number} names {test}, which there is not";
            foreach (string test in listed.Where(test => known.Contains(test) && !NumbersOf(test).Contains(number)))
                yield return $"{path}: row {letter}{number} names {test}, which does not carry that number";
            foreach (string test in ofRow[number].Where(test => !listed.Contains(test.Class + AllOfClass)).Select(test => test.Name).Distinct().Except(listed).Order(StringComparer.Ordinal))
                yield return $"{path}: row {letter}{number} lacks {test}";
        }
        foreach (var stranger in ofRow.Where(row => row.Key < 1 || row.Key > rows))
            yield return $"{stranger.First().Name}: there is no row {letter}{stranger.Key} in {path}";
    }

    // K8_K15_...: of both rows; K26_P22_...: of one in either table. Cases of a theory are written with blanks.
    private IEnumerable<int> NumbersOf(string test) =>
        Numbers().Match(test).Groups["row"].Captures.Where(row => row.Value[0] == letter).Select(row => int.Parse(row.Value.AsSpan(1), CultureInfo.InvariantCulture));

    [GeneratedRegex(@"^\| (?<letter>[A-Z])(?<number>\d+) \|.*\|(?<tests>[^|]*)\|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("`(?<name>[^`]+)`")]
    private static partial Regex Name();

    [GeneratedRegex(@"^(?:(?<row>[A-Z]\d+)[_ ])+")]
    private static partial Regex Numbers();
}
