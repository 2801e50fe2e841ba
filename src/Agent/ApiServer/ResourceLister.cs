using System.IO.Pipelines;
using System.Text.Json;
using Dataplane.Agent.Model;
using Dataplane.Agent.Telemetry;

namespace Dataplane.Agent.ApiServer;

/// <summary>Reads all objects of a kind, in chunks, and only then puts them in force.</summary>
internal sealed class ResourceLister(
    ApiClient client, ApiResource resource, ObjectIntake intake, ObjectStore store, KindTelemetry telemetry, ApiTiming timing)
{
    // A chunk's token lives for five minutes. Who is too slow twice for the next one asks for everything at once.
    private const int MostExpiries = 2;

    private static readonly StreamPipeReaderOptions s_pipe = new(bufferSize: 64 << 10);

    /// <summary>Lists in the best version that the server has; returns where a watch goes on.</summary>
    public async Task<ResourcePosition> ListAsync(CancellationToken cancel)
    {
        foreach (var apiVersion in resource.ApiVersions)
        {
            try
            {
                return await ListAsync(apiVersion, cancel).ConfigureAwait(false);
            }
            catch (ApiException e) when (e.IsUnknown && apiVersion != resource.ApiVersions[^1])
            {
                // An older server: it may have the next one.
            }
        }
        throw new InvalidOperationException($"{resource.Kind} has no version");
    }

    private async Task<ResourcePosition> ListAsync(string apiVersion, CancellationToken cancel)
    {
        var listed = new Dictionary<ObjectKey, StoredObject>();
        var token = "";
        var expiries = 0;
        while (true)
        {
            var limit = expiries < MostExpiries ? $"?limit={timing.ChunkSize}" : "";
            var path = token.Length == 0 ? limit : $"{limit}&continue={Uri.EscapeDataString(token)}";
            string version;
            try
            {
                (version, token) = await ReadChunkAsync(apiVersion, path, listed, cancel).ConfigureAwait(false);
            }
            catch (ApiException e) when (e.IsExpired && token.Length > 0)
            {
                // What was read may have been deleted meanwhile.
                telemetry.Expired();
                expiries++;
                token = "";
                listed.Clear();
                continue;
            }
            if (token.Length > 0)
                continue;
            store.Replace(resource.Kind, listed);
            telemetry.Listed();
            return new ResourcePosition(apiVersion, version);
        }
    }

    private async Task<(string ResourceVersion, string Continue)> ReadChunkAsync(
        string apiVersion, string query, Dictionary<ObjectKey, StoredObject> listed, CancellationToken cancel)
    {
        using var response = await client.GetAsync(resource.PathIn(apiVersion) + query, cancel).ConfigureAwait(false);
        await using var stream = await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
        using var guard = new StallGuard(timing.Stall, "more of the list", cancel);
        var pipe = PipeReader.Create(stream, s_pipe);
        try
        {
            var reader = new ListReader(pipe, guard);
            await foreach (var node in reader.ItemsAsync(cancel).ConfigureAwait(false))
            {
                var key = intake.KeyOf(node);
                listed[key] = intake.Read(apiVersion, key, node, store.Find(key));
            }
            return reader.ResourceVersion.Length > 0
                ? (reader.ResourceVersion, reader.Continue)
                : throw new JsonException("the list has no resourceVersion");
        }
        finally
        {
            await pipe.CompleteAsync().ConfigureAwait(false);
        }
    }
}
