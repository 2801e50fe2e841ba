using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Dataplane.Agent.Telemetry;

namespace Dataplane.Agent.ApiServer;

/// <summary>
/// Keeps one kind of the store as the server has it: a list, then watches from where it ends, each from where the last one came
/// to; a list again when the server does not know that place any more. Whatever fails is tried again without end, and until it
/// works the last state stays in force (F1, F6).
/// </summary>
internal sealed class Reflector
{
    // A server whose memory was set back (a restored backup) never knows the place, and may not say so.
    private const int MostFailuresAtOnePlace = 5;

    private readonly ApiResource _resource;
    private readonly ResourceLister _lister;
    private readonly ResourceWatch _watch;
    private readonly KindTelemetry _telemetry;
    private readonly Log _log;
    private readonly ApiTiming _timing;
    private readonly Backoff _backoff;
    private ResourcePosition? _position;
    private bool _wasListed;
    private int _failures;
    private string _fault = "";

    /// <summary>Makes the reflector of a kind.</summary>
    public Reflector(ApiClient client, ApiResource resource, ObjectStore store, KindTelemetry telemetry, Log log, ApiTiming timing, Random random)
    {
        var intake = new ObjectIntake(resource.Kind, log);
        _resource = resource;
        _lister = new ResourceLister(client, resource, intake, store, telemetry, timing);
        _watch = new ResourceWatch(client, resource, intake, store, telemetry, timing, random);
        _telemetry = telemetry;
        _log = log;
        _timing = timing;
        _backoff = new Backoff(timing.Backoff, timing.LongestBackoff, random);
    }

    /// <summary>Runs until cancelled, and throws then. Another end is a fault of the program.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (true)
        {
            var wait = TimeSpan.Zero;
            var clock = Stopwatch.StartNew();
            try
            {
                await StepAsync(cancel).ConfigureAwait(false);
            }
            catch (Exception e) when (IsExpected(e) && !cancel.IsCancellationRequested)
            {
                // What held for a while is no reason to be slow in trying again.
                if (clock.Elapsed > _timing.LongestBackoff)
                    _backoff.Reset();
                wait = Failed(e);
            }
            cancel.ThrowIfCancellationRequested();
            await Task.Delay(wait, cancel).ConfigureAwait(false);
        }
    }

    private async Task StepAsync(CancellationToken cancel)
    {
        if (_position is null)
        {
            if (_wasListed)
                _telemetry.Relisting();
            _position = await _lister.ListAsync(cancel).ConfigureAwait(false);
            _wasListed = true;
            return;
        }
        await _watch.FollowAsync(
            _position,
            opened: () =>
            {
                if (_fault.Length > 0)
                    _log.Info($"{_resource.Kind}: the API server is followed again");
                _fault = "";
            },
            moved: position =>
            {
                _position = position;
                Progressed();
            },
            cancel).ConfigureAwait(false);
        Progressed();
    }

    // A list alone is no progress: its watch may fail at once, every time.
    private void Progressed()
    {
        _failures = 0;
        _backoff.Reset();
    }

    // Returns how long to wait.
    private TimeSpan Failed(Exception e)
    {
        var api = e as ApiException;
        var wait = _backoff.Next();
        if (_position is not null && IsLost(e, api))
        {
            _position = null;
            _failures = 0;
            // That a place is forgotten is nobody's fault.
            if (api is { IsExpired: true })
                return wait;
        }
        _telemetry.Failed();
        var fault = Describe(e);
        if (fault != _fault)
        {
            _log.Warning($"{_resource.Kind}: {fault}{Remedy(api)}; "
                + (_wasListed ? "the last state stays in force" : "nothing is sent to the dataplane until it was read") + "; it is tried again and again");
            _fault = fault;
        }
        return api is not null && api.RetryAfter > wait ? api.RetryAfter : wait;
    }

    // Whether the place that was reached is of no use any more. A server that is away, or keeps us out, has not forgotten it.
    private bool IsLost(Exception e, ApiException? api) =>
        api is { IsExpired: true } or { IsUnknown: true }
        || ((e is JsonException || api is { IsRefusal: false }) && ++_failures >= MostFailuresAtOnePlace);

    private string Remedy(ApiException? e) => e?.Status switch
    {
        HttpStatusCode.Unauthorized => " (the server does not know our token or certificate; see that it is renewed)",
        HttpStatusCode.Forbidden => $" (grant list and watch of {_resource.Plural} to the agent's account)",
        HttpStatusCode.NotFound => $" (the server must serve one of {string.Join(", ", _resource.ApiVersions)})",
        _ => "",
    };

    // Only the innermost message of a failed connection says what is wrong with it.
    private static string Describe(Exception e) => e switch
    {
        HttpRequestException { InnerException: { } inner } => $"{e.Message.TrimEnd('.')}: {Describe(inner)}",
        { InnerException: { } inner } => Describe(inner),
        _ => e.Message,
    };

    private static bool IsExpected(Exception e) =>
        e is ApiException or HttpRequestException or IOException or TimeoutException or JsonException or AccessException
            or OperationCanceledException;
}
