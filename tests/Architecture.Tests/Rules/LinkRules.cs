using System.Text.RegularExpressions;

namespace Dataplane.Architecture.Tests.Rules;

/// <summary>Links between documents lead somewhere.</summary>
internal static partial class LinkRules
{
    /// <param name="path">Path of the document.</param>
    /// <param name="markdown">Its text.</param>
    /// <param name="exists">Whether the repository has a file or folder of that path.</param>
    public static IEnumerable<string> Violations(string path, string markdown, Func<string, bool> exists) =>
        Targets(path, markdown).Where(target => !exists(target)).Select(target => $"{path}: a link to {target}, which there is not");

    /// <summary>Paths within the repository that a document links to.</summary>
    public static IEnumerable<string> Targets(string path, string markdown)
    {
        string folder = Path.GetDirectoryName(path) ?? "";
        return Link().Matches(markdown)
            .Select(link => link.Groups["target"].Value.Split('#')[0])
            .Where(target => target.Length > 0 && !target.Contains("://", StringComparison.Ordinal))
            .Select(target => Path.GetRelativePath("/", Path.GetFullPath(target, "/" + folder)));
    }

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();
}
