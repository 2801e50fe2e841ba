using Dataplane.Conntrack;
using Dataplane.Control.Compile;
using Dataplane.Packets;
using Microsoft.Extensions.Logging;

namespace Dataplane.Control.Apply;

/// <summary>Looks from time to time which lingering frontends are still in use, on a thread of the pool: packets and changes never wait for it.</summary>
internal sealed class FrontendRetirement<TAddress> : IDisposable
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(300), Next = TimeSpan.FromSeconds(30);

    private readonly Func<IReadOnlyCollection<ExternalFrontend<TAddress>>> _lingering;
    private readonly Func<IReadOnlyCollection<ExternalFrontend<TAddress>>, IReadOnlyCollection<ExternalFrontend<TAddress>>> _findUsed;
    private readonly Action<IReadOnlyCollection<ExternalFrontend<TAddress>>> _forget;
    private readonly ILogger _log;
    private readonly Timer _timer;
    private volatile bool _isNew; // frontends have gone since the last look began

    /// <param name="lingering">What to look for: a copy.</param>
    /// <param name="findUsed">Which of some frontends connections go to.</param>
    /// <param name="forget">Called with those that none goes to.</param>
    /// <param name="log">For failures.</param>
    public FrontendRetirement(
        Func<IReadOnlyCollection<ExternalFrontend<TAddress>>> lingering, Func<IReadOnlyCollection<ExternalFrontend<TAddress>>, IReadOnlyCollection<ExternalFrontend<TAddress>>> findUsed,
        Action<IReadOnlyCollection<ExternalFrontend<TAddress>>> forget, ILogger log)
    {
        (_lingering, _findUsed, _forget, _log) = (lingering, findUsed, forget, log);
        _timer = new Timer(_ => Look());
    }

    /// <summary>Frontends have gone: looks soon, and again and again while some linger.</summary>
    public void Start()
    {
        _isNew = true;
        _timer.Change(First, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Those of some frontends that flows in use were opened to. Flows that have ended need nobody to lead their packets.</summary>
    public static HashSet<ExternalFrontend<TAddress>> Used(IEnumerable<ConntrackEntry<TAddress>> flows, IReadOnlyCollection<ExternalFrontend<TAddress>> candidates)
    {
        var wanted = candidates.ToHashSet();
        var used = new HashSet<ExternalFrontend<TAddress>>();
        foreach (var flow in flows)
        {
            if ((flow.Flags & FlowFlags.Service) == 0 || flow.State is FlowState.TimeWait or FlowState.Closed or FlowState.Orphaned) continue;
            var to = new ExternalFrontend<TAddress>(flow.Original.Destination, flow.Original.DestinationPort.Value, flow.Original.Protocol);
            if (wanted.Contains(to)) used.Add(to);
            if (wanted.Contains(to with { Address = default })) used.Add(to with { Address = default }); // of every address of the node
        }
        return used;
    }

    /// <summary>Returns when it does not look any more.</summary>
    public void Dispose()
    {
        using var done = new ManualResetEvent(false);
        if (_timer.Dispose(done)) done.WaitOne();
    }

    private void Look()
    {
        try
        {
            _isNew = false;
            var lingering = _lingering();
            if (lingering.Count == 0) return;
            var used = _findUsed(lingering);
            if (used.Count < lingering.Count) _forget([.. lingering.Except(used)]);
            if (used.Count > 0) _timer.Change(_isNew ? First : Next, Timeout.InfiniteTimeSpan);
        }
#pragma warning disable CA1031 // A bug here must not end the process: frontends linger longer then.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _log.LogError(e, "looking for connections to frontends that have gone failed");
        }
    }
}
