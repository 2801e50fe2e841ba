using System.Globalization;
using Dataplane.Bench.EndToEnd.Shell;

namespace Dataplane.Bench.EndToEnd.Namespaces;

/// <summary>
/// Everything one run of the bench leaves on the machine: namespaces and a directory, both named after its process id,
/// so that runs side by side do not meet and a later run can tell what a dead one left.
/// </summary>
public sealed class RunScope : IAsyncDisposable
{
    private const string Prefix = "dpb";
    private readonly List<NetworkNamespace> _namespaces = [];
    private readonly List<BackgroundProcess> _processes = [];

    private RunScope(string tag)
    {
        Tag = tag;
        Directory = Path.Combine(Path.GetTempPath(), tag);
        System.IO.Directory.CreateDirectory(Directory);
    }

    /// <summary>Prefix of every name of this run, for example "dpb1234".</summary>
    public string Tag { get; }

    /// <summary>Holds configuration, sockets and manifests of this run.</summary>
    public string Directory { get; }

    /// <summary>Background processes in the order they were started.</summary>
    public IReadOnlyList<BackgroundProcess> Processes => _processes;

    /// <summary>Opens the scope of this process, after removing what crashed runs left.</summary>
    public static async Task<RunScope> OpenAsync(CancellationToken cancel)
    {
        await RemoveLeftoversAsync(cancel);
        return new RunScope(Prefix + Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Makes a namespace "TAG-name".</summary>
    public async Task<NetworkNamespace> NamespaceAsync(string name, CancellationToken cancel)
    {
        var made = await NetworkNamespace.CreateAsync($"{Tag}-{name}", cancel);
        _namespaces.Add(made);
        return made;
    }

    /// <summary>Starts a program that stays until the scope is closed.</summary>
    public BackgroundProcess Background(string name, IReadOnlyList<string> commandLine)
    {
        var process = BackgroundProcess.Start(name, commandLine);
        _processes.Add(process);
        return process;
    }

    /// <summary>Stops the programs (last started first), removes the namespaces and the directory; goes on past failures.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Enumerable.Reverse(_processes).Select(p => p.DisposeAsync().AsTask()));
        foreach (var item in _namespaces)
        {
            await RemoveNamespaceAsync(item.Name, CancellationToken.None);
        }

        RemoveDirectory(Directory);
    }

    private static async Task RemoveLeftoversAsync(CancellationToken cancel)
    {
        var listed = await Command.RunAsync(["ip", "netns", "list"], cancel);
        foreach (var line in listed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var name = line.Split(' ')[0];
            if (IsLeftover(name.Split('-')[0]))
            {
                await RemoveNamespaceAsync(name, cancel);
            }
        }

        foreach (var directory in System.IO.Directory.GetDirectories(Path.GetTempPath(), Prefix + "*"))
        {
            if (IsLeftover(Path.GetFileName(directory)))
            {
                RemoveDirectory(directory);
            }
        }
    }

    // Ours, and the process that made it is gone (or its id now belongs to another program).
    private static bool IsLeftover(string tag)
    {
        if (!tag.StartsWith(Prefix, StringComparison.Ordinal)
            || !int.TryParse(tag.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            || id == Environment.ProcessId)
        {
            return false;
        }

        try
        {
            return !File.ReadAllText($"/proc/{id}/cmdline").Contains("EndToEnd", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static async Task RemoveNamespaceAsync(string name, CancellationToken cancel)
    {
        // Only processes inside the namespace of that very name: nothing of anybody else's can be in there.
        var inside = await Command.TryRunAsync(["ip", "netns", "pids", name], cancel);
        foreach (var id in inside.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            await Command.TryRunAsync(["kill", "-KILL", id], cancel);
        }

        await Command.TryRunAsync(["ip", "netns", "delete", name], cancel);
    }

    private static void RemoveDirectory(string path)
    {
        try
        {
            System.IO.Directory.Delete(path, recursive: true);
        }
        catch (IOException)
        {
            // The next run tries again: its name tells that it is ours.
        }
    }
}
