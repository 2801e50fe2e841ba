namespace Dataplane.Control.Tests;

/// <summary>Finds files of the source tree that the tests were built from.</summary>
internal static class Repository
{
    /// <summary>The directory of Dataplane.sln.</summary>
    public static string Root { get; } = FindRoot();

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Dataplane.sln")))
            directory = directory.Parent;
        return directory?.FullName ?? throw new DirectoryNotFoundException($"no Dataplane.sln above {AppContext.BaseDirectory}");
    }
}
