namespace Dataplane.Testing;

/// <summary>
/// Where topologies of all processes are noted, so that a later run removes what a crashed one left behind.
/// One folder per topology, named like the prefix of its namespaces; the file `owner` in it holds "pid start-time".
/// </summary>
internal static class TopologyRegistry
{
    private static readonly Lock Gate = new();
    private static bool _swept;

    private static string Root { get; } = "/run/dataplane-tests";

    /// <summary>Notes a new topology and returns its folder. The first call of a process also removes orphans.</summary>
    internal static string Add(string prefix)
    {
        lock (Gate)
        {
            Directory.CreateDirectory(Root);
            if (!_swept)
                RemoveOrphans();
            _swept = true;
        }
        string folder = Path.Combine(Root, prefix);
        Directory.CreateDirectory(folder);
        int pid = Environment.ProcessId;
        File.WriteAllText(Path.Combine(folder, "owner"), $"{pid} {StartTime(pid)}");
        return folder;
    }

    /// <summary>Ends the processes inside the topology's namespaces, removes the namespaces, then the folder.</summary>
    internal static void Remove(string prefix)
    {
        foreach (string name in Namespaces(prefix))
        {
            // A server that a test has forgotten would keep the namespace, and its veths, alive after `ip netns del`.
            string pids = Command.Try(Command.DefaultTimeout, "ip", "netns", "pids", name).Output;
            foreach (string pid in pids.Split('\n', StringSplitOptions.RemoveEmptyEntries))
                Command.Try(Command.DefaultTimeout, "kill", "-KILL", pid.Trim());
        }
        foreach (string name in Namespaces(prefix))
            Command.Try(Command.DefaultTimeout, "ip", "netns", "del", name);
        string folder = Path.Combine(Root, prefix);
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Another run removed the same orphan.
        }
    }

    /// <summary>Removes the topologies whose owner is gone.</summary>
    internal static void RemoveOrphans()
    {
        foreach (string folder in Directory.GetDirectories(Root, Topology.Marker + "-*"))
        {
            if (!OwnerIsAlive(folder))
                Remove(Path.GetFileName(folder));
        }
    }

    private static bool OwnerIsAlive(string folder)
    {
        try
        {
            string[] owner = File.ReadAllText(Path.Combine(folder, "owner")).Split(' ');
            return owner.Length == 2 && int.TryParse(owner[0], out int pid) && StartTime(pid) == owner[1];
        }
        catch (IOException)
        {
            // No owner file: another process is between the two steps of Add, or it died there. A minute tells.
            return Directory.GetLastWriteTimeUtc(folder) > DateTime.UtcNow.AddMinutes(-1);
        }
    }

    // Field 22 of /proc/pid/stat: pids are reused, pids with their start time are not.
    private static string? StartTime(int pid)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[19];
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static string[] Namespaces(string prefix) =>
        Directory.Exists("/run/netns")
            ? [.. Directory.GetFiles("/run/netns", prefix + "-*").Select(path => Path.GetFileName(path)!)]
            : [];
}
