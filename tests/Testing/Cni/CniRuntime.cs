using System.Text.Json.Nodes;

namespace Dataplane.Testing.Cni;

/// <summary>What libcni does for a container runtime: runs the plugins of a list one after the other, handing on each one's result.</summary>
/// <param name="node">Network namespace of the node.</param>
/// <param name="list">A network configuration list.</param>
/// <param name="folders">Where plugins are.</param>
public sealed class CniRuntime(NetworkNamespace node, JsonObject list, params string[] folders)
{
    private readonly Dictionary<string, JsonObject> _results = [];

    /// <summary>The list.</summary>
    public JsonObject List => list;

    /// <summary>ADD through the whole list.</summary>
    /// <returns>The last plugin's result, which is kept for CHECK and DEL.</returns>
    /// <exception cref="PluginException">A plugin failed; the runtime is to call <see cref="Del"/>.</exception>
    public JsonObject Add(Container container)
    {
        JsonObject? result = null;
        foreach (var plugin in Plugins())
            result = (JsonObject)JsonNode.Parse(Run("ADD", plugin, container, result))!;
        lock (_results) _results[container.Id] = result!;
        return result!;
    }

    /// <summary>CHECK through the list, against the kept result.</summary>
    /// <param name="container">The container.</param>
    /// <param name="passedOver">Types of plugins that are not asked.</param>
    /// <exception cref="PluginException">A plugin failed.</exception>
    public void Check(Container container, params string[] passedOver)
    {
        foreach (var plugin in Plugins().Where(plugin => !passedOver.Contains(Type(plugin)))) Run("CHECK", plugin, container, Kept(container));
    }

    /// <summary>DEL through the whole list, from its end.</summary>
    /// <param name="container">The container.</param>
    /// <param name="netnsIsGone">CNI_NETNS is empty then.</param>
    /// <exception cref="PluginException">A plugin failed.</exception>
    public void Del(Container container, bool netnsIsGone = false)
    {
        foreach (var plugin in Plugins().Reverse()) Run("DEL", plugin, container, Kept(container), netnsIsGone);
        lock (_results) _results.Remove(container.Id);
    }

    /// <summary>GC by the first plugin of the list.</summary>
    /// <param name="valid">What is in use.</param>
    /// <exception cref="PluginException">It failed.</exception>
    public void CollectGarbage(params Container[] valid)
    {
        var configuration = Configuration(Plugins().First(), null, null);
        configuration["cni.dev/valid-attachments"] = new JsonArray([.. valid.Select(c => new JsonObject { ["containerID"] = c.Id, ["ifname"] = "eth0" })]);
        Run(Type(configuration), new Dictionary<string, string> { ["CNI_COMMAND"] = "GC", ["CNI_PATH"] = Path }, configuration);
    }

    /// <summary>STATUS of the first plugin of the list.</summary>
    /// <exception cref="PluginException">It failed.</exception>
    public void Status()
    {
        var configuration = Configuration(Plugins().First(), null, null);
        Run(Type(configuration), new Dictionary<string, string> { ["CNI_COMMAND"] = "STATUS", ["CNI_PATH"] = Path }, configuration);
    }

    /// <summary>ADD by the first plugin of the list, which is killed after a time; nothing is kept.</summary>
    /// <returns>Whether it was still running.</returns>
    public bool AddAndKill(Container container, TimeSpan after)
    {
        var configuration = Configuration(Plugins().First(), container, null);
        return PluginProcess.RunAndKill(node, Find(Type(configuration)), Variables("ADD", container, netnsIsGone: false), configuration.ToJsonString(), after);
    }

    private string Path => string.Join(':', folders);

    private IEnumerable<JsonObject> Plugins() => list["plugins"]!.AsArray().Select(plugin => (JsonObject)plugin!);

    private JsonObject? Kept(Container container)
    {
        lock (_results) return _results.GetValueOrDefault(container.Id);
    }

    private string Run(string command, JsonObject plugin, Container container, JsonObject? previous, bool netnsIsGone = false) =>
        Run(Type(plugin), Variables(command, container, netnsIsGone), Configuration(plugin, container, previous));

    private string Run(string type, Dictionary<string, string> variables, JsonObject configuration)
    {
        var end = PluginProcess.Run(node, Find(type), variables, configuration.ToJsonString());
        return end.Succeeded ? end.Output : throw new PluginException($"{type} {variables["CNI_COMMAND"]}", end.Output, end.Error);
    }

    private Dictionary<string, string> Variables(string command, Container container, bool netnsIsGone) => new()
    {
        ["CNI_COMMAND"] = command,
        ["CNI_CONTAINERID"] = container.Id,
        ["CNI_NETNS"] = netnsIsGone ? "" : container.Net.Path,
        ["CNI_IFNAME"] = "eth0",
        ["CNI_ARGS"] = $"IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME={container.Pod};K8S_POD_INFRA_CONTAINER_ID={container.Id}{(container.Uid.Length > 0 ? $";K8S_POD_UID={container.Uid}" : "")}",
        ["CNI_PATH"] = Path,
    };

    private JsonObject Configuration(JsonObject plugin, Container? container, JsonObject? previous)
    {
        var configuration = (JsonObject)plugin.DeepClone();
        configuration["name"] = (string)list["name"]!;
        configuration["cniVersion"] = (string)list["cniVersion"]!;
        if (previous is not null) configuration["prevResult"] = previous.DeepClone();
        if (container?.PortMappings is { } mappings && plugin["capabilities"]?["portMappings"] is not null)
            configuration["runtimeConfig"] = new JsonObject { ["portMappings"] = JsonNode.Parse(mappings) };
        configuration.Remove("capabilities");
        return configuration;
    }

    private static string Type(JsonObject plugin) => (string)plugin["type"]!;

    private string Find(string type) =>
        folders.Select(folder => System.IO.Path.Combine(folder, type)).FirstOrDefault(File.Exists)
        ?? throw new CommandException($"plugin {type} is in none of {Path}: ./build.sh deps installs the standard ones, ./build.sh build ours");
}
