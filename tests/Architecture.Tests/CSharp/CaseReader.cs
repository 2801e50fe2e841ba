using System.Text.RegularExpressions;

namespace Dataplane.Architecture.Tests.CSharp;

/// <summary>Reads the cases of a theory whose names are sentences with the numbers of requirement rows: `new("P7 ports and peers ...`.</summary>
internal static partial class CaseReader
{
    /// <summary>Names of the cases, and the class that holds them: the first one of the file.</summary>
    public static IEnumerable<(string Class, string Name)> Cases(SourceFile file, string text) =>
        Case().Matches(text).Select(one => (file.Types[0].Name, one.Groups["name"].Value));

    [GeneratedRegex("new\\(\"(?<name>(?:[A-Z]\\d+ )+[^\"]+)\"")]
    private static partial Regex Case();
}
