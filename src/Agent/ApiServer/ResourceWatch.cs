using System.Diagnostics;
using System.IO.Pipelines;
using System.Text.Json;
using Dataplane.Agent.Telemetry;

namespace Dataplane.Agent.ApiServer;

/// <summary>Follows the changes of a kind from a position on.</summary>
internal sealed class ResourceWatch(
    ApiClient client, ApiResource resource, ObjectIntake intake, ObjectStore store, KindTelemetry telemetry, ApiTiming timing, Random random)
{
    /// <summary>Follows one watch until the server ends it.</summary>
    /// <param name="from">Where to go on.</param>
    /// <param name="opened">Told when the server begins.</param>
    /// <param name="moved">Told after each event how far that is.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="ApiException">The server refuses to begin or to go on.</exception>
    public async Task FollowAsync(ResourcePosition from, Action opened, Action<ResourcePosition> moved, CancellationToken cancel)
    {
        var seconds = (int)Math.Ceiling(timing.Watch.TotalSeconds * (1 + random.NextDouble()));
        var path = $"{resource.PathIn(from.ApiVersion)}?watch=true&allowWatchBookmarks=true"
            + $"&resourceVersion={Uri.EscapeDataString(from.ResourceVersion)}&timeoutSeconds={seconds}";
        var clock = Stopwatch.StartNew();
        var events = 0;
        using var response = await client.GetAsync(path, cancel).ConfigureAwait(false);
        await using var stream = await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
        // Nothing may happen for as long as the watch lasts; a server that does not end it then is not there any more.
        using var guard = new StallGuard(TimeSpan.FromSeconds(seconds) + timing.WatchGrace, "an event, or the end of the watch", cancel);
        var pipe = PipeReader.Create(stream);
        telemetry.Watching();
        opened();
        try
        {
            var reader = new WatchReader(pipe, guard);
            while (await reader.NextAsync().ConfigureAwait(false) is { } found)
            {
                moved(new ResourcePosition(from.ApiVersion, Take(from.ApiVersion, found)));
                telemetry.Heard(isChange: found.Type != "BOOKMARK");
                events++;
            }
        }
        finally
        {
            telemetry.Left();
            await pipe.CompleteAsync().ConfigureAwait(false);
        }
        if (events == 0 && clock.Elapsed < timing.ShortWatch)
            throw new TimeoutException("the server ended the watch as soon as it began");
    }

    // Returns the version that is known now.
    private string Take(string apiVersion, WatchEvent found)
    {
        if (found.Type == "ERROR")
            throw ApiClient.FailureOf(found.Object);
        var version = ObjectIntake.ResourceVersionOf(found.Object);
        if (found.Type == "BOOKMARK")
            return version;
        var key = intake.KeyOf(found.Object);
        switch (found.Type)
        {
            case "ADDED" or "MODIFIED":
                store.Put(key, intake.Read(apiVersion, key, found.Object, store.Find(key)));
                break;
            case "DELETED":
                store.Remove(key);
                break;
            default:
                throw new JsonException($"unknown event {found.Type}");
        }
        return version;
    }
}
