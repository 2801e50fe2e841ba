using Dataplane.Bench.EndToEnd.Shell;

namespace Dataplane.Bench.EndToEnd.Namespaces;

/// <summary>A named network namespace of this run; programs enter it by nsenter, which (unlike `ip netns exec`) leaves /sys and its bpffs alone.</summary>
public sealed class NetworkNamespace
{
    private NetworkNamespace(string name) => Name = name;

    /// <summary>The name as `ip netns` lists it.</summary>
    public string Name { get; }

    /// <summary>The bind mount that holds the namespace.</summary>
    public string Path => "/run/netns/" + Name;

    /// <summary>Makes the namespace and brings its loopback up.</summary>
    public static async Task<NetworkNamespace> CreateAsync(string name, CancellationToken cancel)
    {
        await Command.RunAsync(["ip", "netns", "add", name], cancel);
        var made = new NetworkNamespace(name);
        await made.RunAsync(cancel, "ip", "link", "set", "lo", "up");
        return made;
    }

    /// <summary>The command line that runs a program inside.</summary>
    public IReadOnlyList<string> Inside(params IEnumerable<string> commandLine) => ["nsenter", "--net=" + Path, .. commandLine];

    /// <summary>Runs a program inside to its end; throws unless it exits with 0.</summary>
    public Task<CommandResult> RunAsync(CancellationToken cancel, params IEnumerable<string> commandLine) =>
        Command.RunAsync(Inside(commandLine), cancel);

    /// <summary>Runs a list of `ip` commands in one process.</summary>
    public Task<CommandResult> IpBatchAsync(CancellationToken cancel, params IEnumerable<string> lines) =>
        Command.RunAsync(Inside("ip", "-batch", "-"), cancel, input: string.Join('\n', lines) + "\n");

    /// <summary>Sets a net.* sysctl; /proc/sys/net shows the namespace of the process that opens it, hence the child process.</summary>
    public Task SysctlAsync(CancellationToken cancel, params IEnumerable<string> settings) =>
        RunAsync(cancel, ["sysctl", "-q", "-w", .. settings]);
}
