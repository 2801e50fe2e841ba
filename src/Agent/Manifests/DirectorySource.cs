using System.Runtime.CompilerServices;
using Dataplane.Agent.Model;

namespace Dataplane.Agent.Manifests;

/// <summary>Objects from a directory of Kubernetes YAML; edits take effect while traffic flows.</summary>
public sealed class DirectorySource(string directory, Log log) : IObjectSource
{
    /// <summary>Quiet time after an event before the directory is read: editors write in several steps.</summary>
    public TimeSpan Debounce { get; init; } = TimeSpan.FromMilliseconds(25);

    /// <summary>Longest delay by events that do not stop.</summary>
    public TimeSpan DebounceLimit { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How often the directory is read without an event (targets of links, network file systems).</summary>
    public TimeSpan Rescan { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets every scan's result, for status and metrics.</summary>
    public Action<ScanResult>? Scanned { get; init; }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ClusterObjects> Snapshots([EnumeratorCancellation] CancellationToken cancel)
    {
        var manifests = new ManifestDirectory(directory, log);
        using var watch = new DirectoryWatch(directory, log);
        watch.Start();
        bool first = true, held = false, woken = false;
        while (true)
        {
            var scan = manifests.Scan(woken ? watch.TakeNames() : null);
            Scanned?.Invoke(scan);
            // A change that no event told of: the watch may hang on a directory that was moved away.
            if (scan.Changed && !woken && !first)
                watch.Start();
            if (first && scan.MayHidePolicy)
            {
                // After a restart the dataplane still enforces what it has: taking a policy away because its file is bad
                // would open what it closes. On a fresh node, no connectivity is the safe side (F5).
                if (!held)
                    log.Error($"{directory}: nothing is sent to the dataplane yet: a bad file may hold a NetworkPolicy; mend or remove it");
                held = true;
            }
            else if (first || scan.Changed)
            {
                first = false;
                yield return scan.Objects;
            }
            woken = await WaitAsync(watch, cancel).ConfigureAwait(false);
        }
    }

    private async Task<bool> WaitAsync(DirectoryWatch watch, CancellationToken cancel)
    {
        if (!await watch.WaitAsync(Rescan, cancel).ConfigureAwait(false))
            return false;
        var started = Environment.TickCount64;
        while (Environment.TickCount64 - started < DebounceLimit.TotalMilliseconds
               && await watch.WaitAsync(Debounce, cancel).ConfigureAwait(false))
        {
            // More events: wait for quiet.
        }
        return true;
    }
}
