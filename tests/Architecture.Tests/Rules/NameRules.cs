using System.Text.RegularExpressions;
using Dataplane.Architecture.Tests.CSharp;

namespace Dataplane.Architecture.Tests.Rules;

/// <summary>Names that say nothing, of types, files and folders.</summary>
internal static partial class NameRules
{
    private static readonly HashSet<string> Empty = ["Helper", "Helpers", "Util", "Utils", "Utility", "Utilities", "Manager", "Common", "Misc", "Infrastructure"];

    /// <summary>Types named for the type of the runtime library that they are one of.</summary>
    private static readonly HashSet<string> RuntimeWords = ["NativeMemoryManager"];

    public static IEnumerable<string> Violations(SourceFile file) =>
        file.Types.Where(type => !RuntimeWords.Contains(type.Name))
            .Where(type => Words().Matches(type.Name).Any(word => Empty.Contains(word.Value)))
            .Select(type => $"{file.Path}:{type.Line}: {type.Name} does not say what it does; use the field's word for it");

    public static IEnumerable<string> PathViolations(string path) =>
        path.Split('/', '.').Where(Empty.Contains).Select(word => $"{path}: a place called {word} collects everything");

    [GeneratedRegex("[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")]
    private static partial Regex Words();
}
