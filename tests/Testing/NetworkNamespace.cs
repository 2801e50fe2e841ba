namespace Dataplane.Testing;

/// <summary>A named network namespace of a <see cref="Topology"/>, which owns and removes it.</summary>
public sealed class NetworkNamespace
{
    internal NetworkNamespace(string name) => Name = name;

    /// <summary>Name as `ip netns` shows it: unique on the machine.</summary>
    public string Name { get; }

    /// <summary>Path that setns, nsenter and `dpctl endpoint add --netns` take.</summary>
    public string Path => "/run/netns/" + Name;

    /// <summary>Runs a program inside; throws <see cref="CommandException"/> unless it exits with 0.</summary>
    public CommandResult Run(string file, params string[] arguments) => Run(Command.DefaultTimeout, file, arguments);

    /// <summary>The same with a time limit of its own.</summary>
    public CommandResult Run(TimeSpan timeout, string file, params string[] arguments) =>
        Command.Run(timeout, "nsenter", Enter(file, arguments));

    /// <summary>Runs a program inside and returns how it ended.</summary>
    public CommandResult Try(TimeSpan timeout, string file, params string[] arguments) =>
        Command.Try(timeout, "nsenter", Enter(file, arguments));

    /// <summary>Starts a program inside; the caller disposes it.</summary>
    public BackgroundProcess Start(string file, params string[] arguments) =>
        BackgroundProcess.Start("nsenter", Enter(file, arguments));

    /// <summary>Runs one `ip` command inside, written as one would type it: <c>Ip("link set lo up")</c>.</summary>
    public void Ip(string command) =>
        Command.Run("ip", ["-netns", Name, .. command.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

    /// <summary>Adds an address, "10.0.0.1/24", to a device.</summary>
    public void AddAddress(string device, string address) => Ip($"address add {address} dev {device}");

    /// <summary>Adds a route, written as `ip route add` takes it: "default via 10.0.0.1".</summary>
    public void AddRoute(string route) => Ip($"route add {route}");

    /// <summary>Sets a kernel parameter of this namespace, for example "net.ipv4.ip_forward".</summary>
    public void Sysctl(string key, string value) =>
        Run("sysctl", "-q", "-w", $"{key}={value}");

    // nsenter, not `ip netns exec`: the latter remounts /sys and hides bpffs.
    private string[] Enter(string file, string[] arguments) => ["--net=" + Path, "--", file, .. arguments];
}
