using System.Diagnostics;
using System.Runtime.CompilerServices;
using Dataplane.Agent.Model;
using Dataplane.Agent.Telemetry;

namespace Dataplane.Agent.ApiServer;

/// <summary>Objects from an API server, followed by one list and watch per kind.</summary>
internal sealed class ApiServerSource(ApiServerAccess access, Log log, ApiTelemetry telemetry) : IObjectSource
{
    /// <summary>How long what takes.</summary>
    public ApiTiming Timing { get; init; } = new();

    /// <summary>Where chance comes from.</summary>
    public Random Random { get; init; } = Random.Shared;

    /// <inheritdoc/>
    public async IAsyncEnumerable<ClusterObjects> Snapshots([EnumeratorCancellation] CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        var store = new ObjectStore(ApiResource.All.Select(r => r.Kind));
        telemetry.FaultsOf = store.CountFaults;
        using var client = new ApiClient(access, Timing, "dataplane-agent");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var reflectors = ApiResource.All
            .Select(resource => new Reflector(client, resource, store, telemetry.Of(resource.Kind), log, Timing, Random).RunAsync(stop.Token))
            .ToList();
        try
        {
            var isFirst = true;
            while (true)
            {
                await WaitAsync(store, reflectors, stop.Token).ConfigureAwait(false);
                if (store.Take() is not { } view)
                    continue;
                if (isFirst)
                    log.Info($"everything was read from {access.Server} in {clock.Elapsed.TotalSeconds:F1} s");
                isFirst = false;
                yield return view;
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(reflectors).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task WaitAsync(ObjectStore store, List<Task> reflectors, CancellationToken cancel)
    {
        var change = store.WaitAsync(cancel).AsTask();
        var first = await Task.WhenAny([change, .. reflectors]).ConfigureAwait(false);
        // A reflector does not end by itself: what it throws is a fault of the program, and ends it.
        await first.ConfigureAwait(false);
        await Task.Delay(Timing.Settle, cancel).ConfigureAwait(false);
    }
}
