using System.Diagnostics;
using Dataplane.Agent.Desired;
using Dataplane.Agent.Sync;
using Dataplane.Agent.Telemetry;

namespace Dataplane.Agent;

/// <summary>The agent at work: source -> compiler -> synchronizer.</summary>
/// <param name="nodeName">Name of this node's Node object.</param>
/// <param name="services">Which services are served.</param>
/// <param name="source">Where objects come from.</param>
/// <param name="control">The dataplane.</param>
/// <param name="log">The log.</param>
/// <param name="timing">How often what is tried.</param>
/// <param name="status">Gets what was done.</param>
public sealed class AgentRunner(
    string nodeName, ServiceOptions services, IObjectSource source, IControlSync control, Log log, SyncTiming timing, AgentStatus status)
{
    /// <summary>Runs until cancelled; returns then. Any other end is an exception.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        using var synchronizer = new StateSynchronizer(control, log, timing, status.Proxy);
        status.Synchronizer = synchronizer;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var sync = synchronizer.RunAsync(stop.Token);
        var compile = CompileAsync(synchronizer, stop.Token);
        try
        {
            await await Task.WhenAny(sync, compile).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The ordinary end.
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(sync, compile).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task CompileAsync(StateSynchronizer synchronizer, CancellationToken cancel)
    {
        var compiler = new StateCompiler(nodeName, services);
        IReadOnlyList<string> warned = [];
        await foreach (var objects in source.Snapshots(cancel).ConfigureAwait(false))
        {
            var clock = Stopwatch.StartNew();
            var desired = compiler.Compile(objects);
            status.Compiled(objects, desired, clock.Elapsed);
            status.Health.TakeNode(objects.Nodes.FirstOrDefault(n => n.Meta.Name == nodeName));
            if (!ReferenceEquals(desired.Warnings, warned))
            {
                var known = warned.ToHashSet(StringComparer.Ordinal);
                foreach (var warning in desired.Warnings.Where(w => !known.Contains(w)))
                    log.Warning(warning);
                warned = desired.Warnings;
            }
            synchronizer.Publish(desired);
        }
    }
}
