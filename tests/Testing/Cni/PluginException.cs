using System.Text.Json.Nodes;

namespace Dataplane.Testing.Cni;

/// <summary>A plugin ended with an error document.</summary>
public sealed class PluginException(string plugin, string document, string error) : Exception($"{plugin}: {document}\n{error}")
{
    /// <summary>Its code.</summary>
    public int Code { get; } = (int)JsonNode.Parse(document)!["code"]!;

    /// <summary>Its message.</summary>
    public string Text { get; } = (string)JsonNode.Parse(document)!["msg"]!;
}
