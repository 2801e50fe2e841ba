namespace Dataplane.Testing;

/// <summary>Where `./build.sh build` puts what the tests start, and the files that the tests bring along.</summary>
public static class Installed
{
    /// <summary>The root of the repository.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>The `dataplane` program.</summary>
    public static string Dataplane => Program("dataplane");

    /// <summary>The `dataplane-agent` program.</summary>
    public static string Agent => Program("dataplane-agent");

    /// <summary>The `dpctl` program.</summary>
    public static string Dpctl => Program("dpctl");

    /// <summary>The `dataplane-cni` program.</summary>
    public static string Cni => Program("dataplane-cni");

    /// <summary>Debian's Python: a shim of a version switcher, first in the path, would take ten times as long to start.</summary>
    public static string Python { get; } = File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";

    /// <summary>A file of tests/Testing that is copied beside the assemblies, for example "Traffic/traffic.py".</summary>
    public static string TestFile(string path) => Path.Combine(AppContext.BaseDirectory, path);

    private static string Program(string name)
    {
        string path = Path.Combine(Repository, "artifacts", "bin", name);
        return File.Exists(path) ? path : throw new CommandException($"{path} is missing: run ./build.sh build first");
    }

    private static string FindRepository()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Dataplane.sln")))
                return folder;
        }
        throw new CommandException($"Dataplane.sln is in no folder above {AppContext.BaseDirectory}");
    }
}
