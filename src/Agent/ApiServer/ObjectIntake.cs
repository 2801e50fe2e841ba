using System.Text.Json;
using Dataplane.Agent.Model;
using Dataplane.Agent.Objects;

namespace Dataplane.Agent.ApiServer;

/// <summary>
/// Makes the server's objects ours, by the readers of manifests. Of an object that cannot be read (a newer server may have values
/// that this version does not know) the last good version stays in force. A NetworkPolicy without one closes its namespace:
/// to ignore it would open what it closes.
/// </summary>
internal sealed class ObjectIntake(string kind, Log log)
{
    /// <summary>An object's key.</summary>
    /// <exception cref="JsonException">It has no name.</exception>
    public ObjectKey KeyOf(ObjectNode node)
    {
        var meta = node.Find("metadata");
        return meta?.Find("name") is { Kind: ObjectNodeKind.String, Text.Length: > 0 } name
            ? new ObjectKey(kind, meta.Find("namespace")?.Text ?? "", name.Text)
            : throw new JsonException($"a {kind} without a name");
    }

    /// <summary>metadata.resourceVersion.</summary>
    /// <exception cref="JsonException">It is missing.</exception>
    public static string ResourceVersionOf(ObjectNode node) =>
        node.Find("metadata")?.Find("resourceVersion") is { Text.Length: > 0 } version
            ? version.Text
            : throw new JsonException("an object without a resourceVersion");

    /// <summary>Reads an object.</summary>
    /// <param name="apiVersion">The version it was asked for in.</param>
    /// <param name="key">Its key.</param>
    /// <param name="node">The object.</param>
    /// <param name="before">What was known of it; null: nothing.</param>
    public StoredObject Read(string apiVersion, ObjectKey key, ObjectNode node, StoredObject? before)
    {
        var version = ResourceVersionOf(node);
        if (before?.ResourceVersion == version)
            return before;
        try
        {
            var read = new StoredObject(version, ObjectReader.ReadAs(kind, apiVersion, node), "");
            if (before is { Fault.Length: > 0 })
                log.Info($"{key}: is good again");
            return read;
        }
        catch (ObjectException e)
        {
            var stand = before?.Object ?? (kind == "NetworkPolicy" ? Closed(key) : null);
            if (e.Message != before?.Fault)
            {
                log.Error($"{key}: {e.Message}; " + (before?.Object is not null ? "its last good version stays in force"
                    : stand is not null ? $"all pods of namespace {key.Namespace} are closed until it can be read"
                    : "it is not in force until it can be read"));
            }
            return new StoredObject(version, stand, e.Message);
        }
    }

    private static NetworkPolicy Closed(ObjectKey key) => new(new ObjectMeta(key.Namespace, key.Name, LabelSet.Of([])))
    {
        PodSelector = LabelSelector.Everything, IsolatesIngress = true, IsolatesEgress = true,
    };
}
