using Dataplane.Architecture.Tests.CSharp;

namespace Dataplane.Architecture.Tests.Rules;

/// <summary>
/// What code that runs per packet must not contain: LINQ, async, locks, strings made at run time. Strings may be made by
/// ToString and in a throw, which end the packet's path.
/// </summary>
internal static class HotPathRules
{
    private static readonly string[] HotFolders =
    [
        "src/Dataplane/Packets", "src/Dataplane/Headers", "src/Dataplane/Stages", "src/Dataplane/Conntrack", "src/Dataplane/Tables",
    ];

    /// <summary>Files in hot folders that only the control thread runs, and why. An entry that is not needed any more fails the test.</summary>
    public static readonly Dictionary<string, string> ControlThreadFiles = new()
    {
        ["src/Dataplane/Conntrack/ConntrackReader.cs"] = "dumps, flushes and counts for the control thread",
    };

    private static readonly HashSet<string> Forbidden =
    [
        "async", "await", "lock", "Lock", "Monitor", "Mutex", "SemaphoreSlim", "ReaderWriterLockSlim", "Task", "dynamic", "yield",
    ];

    /// <summary>LINQ's methods that nothing else is called.</summary>
    private static readonly HashSet<string> Linq =
    [
        "Select", "SelectMany", "Where", "ToList", "ToDictionary", "ToHashSet", "ToLookup", "OrderBy", "OrderByDescending", "ThenBy",
        "GroupBy", "Any", "All", "FirstOrDefault", "Single", "SingleOrDefault", "LastOrDefault", "Average",
        "Aggregate", "Distinct", "DistinctBy", "Concat", "Zip", "Cast", "OfType", "Except", "Union", "Intersect", "MinBy", "MaxBy",
    ];

    public static bool IsHot(string path) => HotFolders.Any(folder => path.StartsWith(folder + "/", StringComparison.Ordinal));

    public static IEnumerable<string> Violations(SourceFile file)
    {
        if (!IsHot(file.Path))
            yield break;
        var blocksThatMayFormat = new Stack<bool>();
        bool mayFormat = false; // since the last ; { or }
        for (int i = 0; i < file.Code.Count; i++)
        {
            var token = file.Code[i];
            if (token.Is("{"))
            {
                blocksThatMayFormat.Push(mayFormat || blocksThatMayFormat.TryPeek(out bool outer) && outer);
                mayFormat = false;
            }
            else if (token.Is("}"))
            {
                blocksThatMayFormat.TryPop(out _);
                mayFormat = false;
            }
            else if (token.Is(";"))
                mayFormat = false;
            else if (token.Is("ToString") || token.Is("throw"))
                mayFormat = true;
            else if (token.Kind == TokenKind.InterpolatedText && !mayFormat && !(blocksThatMayFormat.TryPeek(out bool formats) && formats))
                yield return $"{file.At(token)}: makes a string per call: {token.Text}";
            else if (token.Kind == TokenKind.Word && Forbidden.Contains(token.Text))
                yield return $"{file.At(token)}: {token.Text} has no place on the packet path";
            else if (token.Kind == TokenKind.Word && Linq.Contains(token.Text) && file.Reads(i - 1, ".") && file.Reads(i + 1, "("))
                yield return $"{file.At(token)}: .{token.Text}() looks like LINQ, which allocates";
            else if (file.Reads(i, "System", ".", "Linq"))
                yield return $"{file.At(token)}: LINQ allocates";
        }
    }
}
