namespace Dataplane.Cni;

/// <summary>The CNI_ variables of one call, checked.</summary>
internal sealed class CniEnvironment
{
    private const int LongestInterfaceName = 15; // bytes; IFNAMSIZ without its zero

    private CniEnvironment(CniCommand command, Func<string, string?> variable)
    {
        string Text(string name) => variable(name) ?? "";
        Command = command;
        ContainerId = Text("CNI_CONTAINERID");
        NetworkNamespace = Text("CNI_NETNS");
        Interface = Text("CNI_IFNAME");
        Arguments = Text("CNI_ARGS");
        Pod = command is CniCommand.Add or CniCommand.Del or CniCommand.Check ? PodArguments.Parse(Arguments) : new PodArguments("", "", "");
        PluginFolders = Text("CNI_PATH").Split(':', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>What is asked for.</summary>
    public CniCommand Command { get; }

    /// <summary>The pod's sandbox; empty for commands that are about no container.</summary>
    public string ContainerId { get; }

    /// <summary>Path of the pod's network namespace; empty when it is gone.</summary>
    public string NetworkNamespace { get; }

    /// <summary>Name of the interface in the pod.</summary>
    public string Interface { get; }

    /// <summary>CNI_ARGS as they came: "KEY=value;KEY=value".</summary>
    public string Arguments { get; }

    /// <summary>The pod.</summary>
    public PodArguments Pod { get; }

    /// <summary>Where plugins are, in the order in which to look.</summary>
    public IReadOnlyList<string> PluginFolders { get; }

    /// <summary>Reads the variables.</summary>
    /// <param name="variable">The value of a variable, or null.</param>
    /// <exception cref="CniException">Code 4: one is missing or bad. All that are missing are named at once.</exception>
    public static CniEnvironment Read(Func<string, string?> variable)
    {
        var command = ReadCommand(variable("CNI_COMMAND"));
        var missing = Required(command).Where(name => string.IsNullOrEmpty(variable(name))).ToList();
        if (missing.Count > 0) throw Invalid($"{string.Join(", ", missing)}: not set, and {variable("CNI_COMMAND")} needs {(missing.Count == 1 ? "it" : "them")}");
        var environment = new CniEnvironment(command, variable);
        if (environment.ContainerId.Length > 0 && !IsIdentifier(environment.ContainerId))
            throw Invalid($"CNI_CONTAINERID='{environment.ContainerId}': starts with a letter or digit and goes on with these, '_', '.' and '-'");
        if (environment.Interface.Length > 0 && !IsInterfaceName(environment.Interface))
            throw Invalid($"CNI_IFNAME='{environment.Interface}': not a name of an interface; it has at most {LongestInterfaceName} bytes, and no '/', ':' or blank");
        return environment;
    }

    /// <summary>Whether a text has the form of container IDs and network names.</summary>
    public static bool IsIdentifier(string text) =>
        text.Length > 0 && char.IsAsciiLetterOrDigit(text[0]) && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-');

    private static bool IsInterfaceName(string text) =>
        text is not ("." or "..") && System.Text.Encoding.UTF8.GetByteCount(text) <= LongestInterfaceName && !text.Any(c => c is '/' or ':' || char.IsWhiteSpace(c));

    private static CniCommand ReadCommand(string? text) => text switch
    {
        "ADD" => CniCommand.Add,
        "DEL" => CniCommand.Del,
        "CHECK" => CniCommand.Check,
        "STATUS" => CniCommand.Status,
        "GC" => CniCommand.Gc,
        "VERSION" => CniCommand.Version,
        null or "" => throw Invalid("CNI_COMMAND: not set; this is a CNI plugin, which a container runtime starts"),
        _ => throw Invalid($"CNI_COMMAND='{text}': no such command; it is one of ADD, DEL, CHECK, STATUS, GC, VERSION"),
    };

    private static string[] Required(CniCommand command) => command switch
    {
        CniCommand.Add or CniCommand.Check => ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"],
        CniCommand.Del => ["CNI_CONTAINERID", "CNI_IFNAME", "CNI_PATH"],
        CniCommand.Status or CniCommand.Gc => ["CNI_PATH"],
        _ => [],
    };

    private static CniException Invalid(string message) => new(CniErrorCode.InvalidEnvironment, message);
}
