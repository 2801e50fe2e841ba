using System.Text.RegularExpressions;
using Xunit;

namespace Dataplane.Cli.Tests;

/// <summary>Every dpctl command line that the documents show is one that dpctl takes.</summary>
public sealed partial class DocumentedCommandsTests
{
    [Fact]
    public void CommandLinesInTheDocumentsParse()
    {
        var root = Dpctl.CreateRoot(CliHost.OfThisProcess());
        var shown = Directory.EnumerateFiles(Path.Combine(RepositoryRoot(), "docs"), "*.md")
            .SelectMany(file => CommandLine().Matches(File.ReadAllText(file)).Select(match => (File: Path.GetFileName(file), Line: match.Groups["line"].Value.Trim())))
            .Where(command => command.Line.Length > 0)
            .ToList();
        Assert.True(shown.Count > 20, $"only {shown.Count} command lines found");
        var wrong = shown
            .Select(command => (command, Parsed: root.Parse(Example(command.Line))))
            // Without options a text only speaks of the verb.
            .Where(example => example.command.Line.Contains(" -", StringComparison.Ordinal)
                ? example.Parsed.Errors.Count > 0
                : example.Parsed.UnmatchedTokens.Count > 0)
            .Select(example => $"{example.command.File}: dpctl {example.command.Line}: {example.Parsed.Errors[0].Message}");
        Assert.Equal("", string.Join('\n', wrong));
    }

    /// <summary>Puts values where the documents have words in capitals, and leaves out what the shell does with the output.</summary>
    private static string Example(string line)
    {
        string command = Redirection().Replace(line, "");
        return command.Replace("NAMESPACE/NAME", "default/web-0", StringComparison.Ordinal)
            .Replace("IP", "10.244.1.7", StringComparison.Ordinal)
            .Replace("PATH", "/run/x.sock", StringComparison.Ordinal);
    }

    private static string RepositoryRoot()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Dataplane.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("Dataplane.sln");
        return folder;
    }

    // Inline code, or a line of a code block that starts with a prompt.
    [GeneratedRegex(@"`dpctl (?<line>[^`\n]+)`|^\s*[$#] dpctl (?<line>.+)$", RegexOptions.Multiline)]
    private static partial Regex CommandLine();

    [GeneratedRegex(@"\s*(\||>|2>|;|&&).*$")]
    private static partial Regex Redirection();
}
