using Dataplane.Conntrack;
using Dataplane.Control.Compile;
using Dataplane.Packets;
using Microsoft.Extensions.Logging;

namespace Dataplane.Control.Apply;

/// <summary>Retires the frontends of both families that no service has and no connection uses any more.</summary>
internal sealed class FrontendRetirements : IDisposable
{
    private readonly TablePublisher _publisher;
    private readonly Lock _gate;
    private readonly Func<DesiredState> _state;
    private readonly ILogger _log;
    private readonly List<IDisposable> _retirements = [];

    /// <param name="publisher">Knows the frontends.</param>
    /// <param name="conntrack">Who knows which are in use.</param>
    /// <param name="gate">Held whenever the publisher is called.</param>
    /// <param name="state">The state in force; called under the lock.</param>
    /// <param name="log">For failures.</param>
    public FrontendRetirements(TablePublisher publisher, NodeConntrack conntrack, Lock gate, Func<DesiredState> state, ILogger log)
    {
        (_publisher, _gate, _state, _log) = (publisher, gate, state, log);
        Add(publisher.Frontends, conntrack.V4);
        if (conntrack.V6 is { } v6) Add(publisher.FrontendsV6, v6);
    }

    /// <summary>Returns when nothing is looked for any more. Not under the lock.</summary>
    public void Dispose()
    {
        foreach (var retirement in _retirements) retirement.Dispose();
    }

    private void Add<TAddress>(LingeringFrontends<TAddress> frontends, ConntrackTable<TAddress> conntrack)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        var retirement = new FrontendRetirement<TAddress>(Lingering, some => FrontendRetirement<TAddress>.Used(conntrack.Reader.Snapshot(), some), Forget, _log);
        _publisher.FrontendsGone += retirement.Start;
        _retirements.Add(retirement);

        IReadOnlyCollection<ExternalFrontend<TAddress>> Lingering()
        {
            lock (_gate) return [.. frontends.Gone];
        }

        void Forget(IReadOnlyCollection<ExternalFrontend<TAddress>> unused)
        {
            lock (_gate) _publisher.Forget(frontends, unused, _state());
        }
    }
}
