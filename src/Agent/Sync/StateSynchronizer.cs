using System.Diagnostics;
using Dataplane.Agent.Desired;
using Dataplane.Agent.Telemetry;
using Dataplane.Contracts.Grpc;
using Dataplane.Contracts.V1;

namespace Dataplane.Agent.Sync;

/// <summary>
/// Keeps the dataplane at the latest desired state: the whole state after every connect and whenever the dataplane has
/// another generation than the one sent last (it restarted, or someone else fed it, F7), changes otherwise. States that
/// are published while a call is under way are merged: only the latest is sent.
/// </summary>
public sealed class StateSynchronizer(IControlSync control, Log log, SyncTiming timing, ProxyTelemetry telemetry) : IDisposable
{
    private readonly SemaphoreSlim _published = new(0, 1);
    private readonly Lock _lock = new();
    private volatile DesiredState? _desired;

    // What the dataplane has, as far as is known; null: unknown, so the whole state is due.
    private DesiredState? _applied;
    private DesiredState? _refused;
    private long _refusedAt;
    private ulong _generation;
    private string _fault = "";

    /// <summary>Generation of the last state that was applied; 0: none.</summary>
    public ulong AppliedGeneration { get; private set; }

    /// <summary>Whole states applied.</summary>
    public long Syncs { get; private set; }

    /// <summary>Change sets applied.</summary>
    public long Updates { get; private set; }

    /// <summary>Calls that failed, refusals included.</summary>
    public long Failures { get; private set; }

    /// <summary>True while the dataplane answers and has the latest state.</summary>
    public bool InSync => _applied is not null && ReferenceEquals(_applied, _desired);

    /// <summary>Makes a state the desired one.</summary>
    public void Publish(DesiredState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        lock (_lock)
        {
            _desired = state;
            telemetry.Queued(state.Changes);
        }
        try
        {
            _published.Release();
        }
        catch (SemaphoreFullException)
        {
            // The loop is already due to wake; it takes the latest.
        }
    }

    /// <summary>Runs until cancelled. Nothing is sent before the first state is published.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var backoff = timing.Backoff;
        while (true)
        {
            try
            {
                if (_desired is not null)
                    await StepAsync(cancel).ConfigureAwait(false);
                backoff = timing.Backoff;
                await _published.WaitAsync(timing.Heartbeat, cancel).ConfigureAwait(false);
            }
            catch (RpcException e)
            {
                Failures++;
                // A state was due; otherwise it was only asked whether the dataplane is there.
                if (!InSync)
                    telemetry.Failed();
                _applied = null;
                telemetry.Lost();
                Report($"the dataplane does not answer: {e.Message}");
                await Task.Delay(backoff, cancel).ConfigureAwait(false);
                backoff = backoff * 2 < timing.LongestBackoff ? backoff * 2 : timing.LongestBackoff;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _published.Dispose();

    private async Task StepAsync(CancellationToken cancel)
    {
        DesiredState desired;
        lock (_lock)
        {
            desired = _desired!;
            telemetry.Taken();
        }
        var refused = ReferenceEquals(desired, _refused) && Stopwatch.GetElapsedTime(_refusedAt) < timing.RefusedRetry;
        if (_applied is null && refused)
            return;
        var idle = refused || ReferenceEquals(desired, _applied);
        if (_applied is not null && !idle && await TryUpdateAsync(desired, cancel).ConfigureAwait(false))
            return;
        if (_applied is null || idle)
        {
            var actual = await control.GetGenerationAsync(cancel).ConfigureAwait(false);
            if (_applied is not null && actual == AppliedGeneration)
                return;
            if (_applied is not null)
                log.Warning($"the dataplane has generation {actual}, not {AppliedGeneration}: it was restarted or fed by another agent");
            _applied = null;
            telemetry.Lost();
            // Generations grow also over a restart of the agent.
            _generation = Math.Max(_generation, actual);
        }
        await SyncAsync(desired, cancel).ConfigureAwait(false);
    }

    private async Task SyncAsync(DesiredState desired, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        var generation = ++_generation;
        try
        {
            await CallAsync(
                control.SyncAsync(new SyncRequest { Generation = generation, State = desired.State }, cancel), clock, whole: true)
                .ConfigureAwait(false);
        }
        catch (RpcException e) when (IsRefusal(e))
        {
            Refused(desired, e);
            return;
        }
        Syncs++;
        Applied(desired, generation, $"synced: {Count(desired)}", clock);
    }

    // False: the whole state is due instead.
    private async Task<bool> TryUpdateAsync(DesiredState desired, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        var diff = StateDiff.Between(_applied!, desired);
        if (diff.IsEmpty)
        {
            _applied = desired;
            telemetry.Applied();
            return true;
        }
        var generation = ++_generation;
        var request = new UpdateRequest
        {
            BaseGeneration = AppliedGeneration, Generation = generation, Upserts = diff.Upserts, Deletes = diff.Deletes,
        };
        try
        {
            await CallAsync(control.UpdateAsync(request, cancel), clock, whole: false).ConfigureAwait(false);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.FailedPrecondition)
        {
            log.Warning($"the dataplane is not at generation {AppliedGeneration} any more: {e.Detail}; sending the whole state");
            telemetry.Failed();
            _applied = null;
            return false;
        }
        catch (RpcException e) when (IsRefusal(e))
        {
            Refused(desired, e);
            return true;
        }
        Updates++;
        Applied(desired, generation, $"updated: {diff.Summary}", clock);
        return true;
    }

    private async Task CallAsync(Task call, Stopwatch clock, bool whole)
    {
        try
        {
            await call.ConfigureAwait(false);
        }
        finally
        {
            telemetry.Called(clock.Elapsed, whole);
        }
    }

    private void Applied(DesiredState desired, ulong generation, string what, Stopwatch clock)
    {
        _applied = desired;
        telemetry.Applied();
        _refused = null;
        AppliedGeneration = generation;
        if (_fault.Length > 0)
            log.Info("the dataplane has the desired state again");
        _fault = "";
        log.Info($"generation {generation} {what} in {clock.Elapsed.TotalMilliseconds:F1} ms");
    }

    private void Refused(DesiredState desired, RpcException e)
    {
        Failures++;
        telemetry.Failed();
        _refused = desired;
        _refusedAt = Stopwatch.GetTimestamp();
        Report($"the dataplane refuses the state, its last one stays in force: {e.Message}");
    }

    private void Report(string fault)
    {
        if (fault != _fault)
            log.Error(fault);
        _fault = fault;
    }

    // Trying again at once would not help: the request itself is at fault.
    private static bool IsRefusal(RpcException e) =>
        e.StatusCode is StatusCode.InvalidArgument or StatusCode.ResourceExhausted or StatusCode.Unimplemented or StatusCode.PermissionDenied;

    private static string Count(DesiredState state) =>
        $"nodes {state.Nodes.Count}, services {state.Services.Count}, identities {state.Identities.Count}, "
        + $"ipcache {state.Ipcache.Count}, policies {state.Policies.Count}, workloads {state.Workloads.Count}";
}
