using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.Agent.ApiServer;

namespace Dataplane.Agent.Nodes;

/// <summary>
/// Takes a taint off this node once its dataplane has the state (F17). A kubelet that registers its node with the taint keeps pods away from it until
/// then; whenever somebody sets the taint again later, it goes as soon as the state is in force. Taints of other keys stay as they are.
/// </summary>
/// <param name="client">The API server; the account has to be allowed to get and patch nodes.</param>
/// <param name="nodeName">Name of the Node.</param>
/// <param name="key">The taint's key; each of its effects goes.</param>
/// <param name="isDue">Whether the node is ready and has the taint, as far as is known here; asked often.</param>
/// <param name="log">Says what was done, and once why it could not be.</param>
/// <param name="timing">Pauses after failures.</param>
internal sealed class NotReadyTaint(ApiClient client, string nodeName, string key, Func<bool> isDue, Log log, ApiTiming timing)
{
    private static readonly TimeSpan s_again = TimeSpan.FromMilliseconds(200);

    private readonly string _path = $"api/v1/nodes/{Uri.EscapeDataString(nodeName)}";

    /// <summary>Works until cancelled; returns then.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var backoff = new Backoff(timing.Backoff, timing.LongestBackoff, Random.Shared);
        string told = "";
        while (!cancel.IsCancellationRequested)
        {
            var pause = s_again;
            try
            {
                if (isDue() && await RemoveAsync(cancel).ConfigureAwait(false))
                    log.Info($"node {nodeName} is ready: took the taint {key} off it");
                backoff.Reset();
            }
            catch (ApiException e) when (e.Status == HttpStatusCode.Conflict)
            {
                // Somebody else changed the node between our two requests: look again.
            }
            catch (Exception e) when (e is ApiException or HttpRequestException or TimeoutException or IOException or JsonException or AccessException
                && !cancel.IsCancellationRequested)
            {
                pause = backoff.Next();
                string remedy = e is ApiException { Status: HttpStatusCode.Forbidden } ? " (grant get and patch of nodes to the agent's account)" : "";
                if (e.Message != told)
                    log.Warning($"the taint {key} stays on node {nodeName}: {told = e.Message}{remedy}");
            }
            catch (OperationCanceledException)
            {
                return;
            }
            await Task.Delay(pause, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // The watch is behind by our own patch for a moment, so that the node may be found without the taint.
    private async Task<bool> RemoveAsync(CancellationToken cancel)
    {
        using var response = await client.GetAsync(_path, cancel).ConfigureAwait(false);
        var node = await JsonNode.ParseAsync(await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false), null, default, cancel).ConfigureAwait(false);
        if (node?["spec"]?["taints"] is not JsonArray taints || !taints.Any(IsOurs))
            return false;
        // The version makes it a change of just what was read: a taint that somebody adds meanwhile is not lost.
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = node["metadata"]?["resourceVersion"]?.DeepClone() },
            ["spec"] = new JsonObject { ["taints"] = new JsonArray([.. taints.Where(taint => !IsOurs(taint)).Select(taint => taint?.DeepClone())]) },
        };
        await client.PatchAsync(_path, JsonSerializer.SerializeToUtf8Bytes(patch), cancel).ConfigureAwait(false);
        return true;
    }

    private bool IsOurs(JsonNode? taint) => taint?["key"]?.GetValue<string>() == key;
}
