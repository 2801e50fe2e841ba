using Dataplane.Architecture.Tests.CSharp;

namespace Dataplane.Architecture.Tests;

/// <summary>The files of the repository this test was built from.</summary>
internal static class Repository
{
    /// <summary>Folders that hold what builds and runs leave behind (.gitignore).</summary>
    private static readonly HashSet<string> Generated =
        [".git", "bin", "obj", "artifacts", "results", "TestResults", "node_modules", "BenchmarkDotNet.Artifacts", "__pycache__", ".vs", ".idea"];

    /// <summary>Absolute path of the folder that holds Dataplane.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Paths of all files, with slashes, relative to <see cref="Root"/>, sorted.</summary>
    public static IReadOnlyList<string> Files { get; } = [.. Walk(Root).Select(path => Path.GetRelativePath(Root, path)).Order(StringComparer.Ordinal)];

    /// <summary>All C# files under src.</summary>
    public static IReadOnlyList<SourceFile> Sources { get; } = CSharpUnder("src/");

    /// <summary>All C# files under tests and bench.</summary>
    public static IReadOnlyList<SourceFile> TestSources { get; } = [.. CSharpUnder("tests/"), .. CSharpUnder("bench/")];

    /// <summary>Text of a file.</summary>
    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>Whether there is such a file.</summary>
    public static bool Has(string path) => Files.Contains(path);

    private static SourceFile[] CSharpUnder(string folder) =>
        [.. Files.Where(path => path.StartsWith(folder, StringComparison.Ordinal) && path.EndsWith(".cs", StringComparison.Ordinal))
            .Select(path => new SourceFile(path, Read(path)))];

    private static IEnumerable<string> Walk(string folder) =>
        Directory.EnumerateFiles(folder)
            .Where(path => Path.GetFileName(path) != ".git" && !path.EndsWith(".o", StringComparison.Ordinal))
            .Concat(Directory.EnumerateDirectories(folder)
                .Where(child => !Generated.Contains(Path.GetFileName(child)))
                .SelectMany(Walk));

    private static string FindRoot()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
            if (File.Exists(Path.Combine(folder, "Dataplane.sln")))
                return folder;
        throw new DirectoryNotFoundException($"no Dataplane.sln above {AppContext.BaseDirectory}");
    }
}
